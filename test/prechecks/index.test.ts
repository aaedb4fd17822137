import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkIndex } from '../../src/prechecks/index.ts';
import { published, releaseSchema, type Release } from '../../src/release/release.ts';
import { makeStandIns, type StandIns } from '../rig/components.ts';
import { startIndex, type Fault, type Index } from '../rig/index.ts';
import { releaseOf } from '../rig/release.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { draftIn, said } from './asking.ts';

let standIns: StandIns;
let index: Index;
let release: Release;
let box: Sandbox;
beforeAll(async () => {
  standIns = makeStandIns();
  index = await startIndex({ distributions: standIns.distributions });
  release = releaseSchema.parse(releaseOf(standIns));
});
afterAll(() => index.close());
beforeEach(() => {
  box = sandbox();
  index.fault = 'none';
});
afterEach(() => box.remove());

const look = (address = index.url, change: Partial<Release> = {}) =>
  said(checkIndex(box.world, { ...draftIn(box), release: { ...release, ...change }, index: address }));

describe('the precheck of the index', () => {
  it.each([
    ['none', 'index.reachable ok'],
    ['no-upload-times', 'index.times blocker'],
    ['errors', 'index.reachable blocker'],
    ['login-page', 'index.answer blocker'],
    ['closed', 'index.reachable blocker'],
  ] as [Fault, string][])('with the fault %s says %s', async (fault, finding) => {
    index.fault = fault;
    expect(await look()).toEqual([finding]);
  });

  it('tells what is no index, what lacks the release, and what does not let us in', async () => {
    expect(await look('file:///srv/simple')).toEqual(['index.address blocker']);
    expect(await look('http://127.0.0.1:1/simple')).toEqual(['index.reachable blocker']);
    expect(await look(index.url.replace('/simple', '/elsewhere'))).toEqual(['index.files blocker']);
    const tree = published(release.trees['manager']!);
    const trees = { manager: { ...tree, package: { ...tree.package, file: 'standin-manager-9.tar.gz' } } };
    expect(await look(index.url, { trees })).toEqual(['index.files blocker']);
    const closed = createServer((_request, response) => response.writeHead(403).end());
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    try {
      expect(await look(`http://127.0.0.1:${(closed.address() as AddressInfo).port}/simple`)).toEqual([
        'index.access blocker',
      ]);
    } finally {
      closed.close();
    }
  });

  it('shows no credentials', async () => {
    index.fault = 'errors';
    const address = index.url.replace('//', '//me:secret@');
    const { findings } = await checkIndex(box.world, { ...draftIn(box), release, index: address });
    expect(JSON.stringify(findings)).not.toContain('secret');
  });
});
