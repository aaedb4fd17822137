import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Draft } from '../../src/prechecks/draft.ts';
import { checkPlatform } from '../../src/prechecks/platform.ts';
import type { Host } from '../../src/world.ts';
import { sampleRelease } from '../environment/sample.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { draftIn, said } from './asking.ts';

let box: Sandbox;
let draft: Draft;
beforeEach(() => {
  box = sandbox();
  draft = draftIn(box);
});
afterEach(() => box.remove());

describe('the platform', () => {
  test.each<[Partial<Host>, string]>([
    [{ platform: 'linux', architecture: 'x64' }, 'platform.ok ok'],
    [{ platform: 'darwin', architecture: 'arm64' }, 'platform.ok ok'],
    [{ platform: 'win32', architecture: 'x64' }, 'platform.windows blocker'],
    [{ platform: 'freebsd', architecture: 'x64' }, 'platform.unsupported blocker'],
    [{ platform: 'linux', architecture: 's390x' }, 'platform.unsupported blocker'],
  ])('%j is told', async (change, finding) => {
    const world = { ...box.world, host: { ...box.world.host, ...change } };
    expect(await said(checkPlatform(world, draft))).toContain(finding);
  });

  test('root is noted, others are not', async () => {
    for (const [uid, noted] of [
      [0, true],
      [1000, false],
    ] as const) {
      const world = { ...box.world, host: { ...box.world.host, user: { uid, gid: uid, name: 'u' } } };
      expect((await said(checkPlatform(world, draft))).includes('platform.root note')).toBe(noted);
    }
  });

  test('a release whose binaries do not exist for it is warned of', async () => {
    const [name, tree] = Object.entries(sampleRelease.trees)[0]!;
    const binaries = { 'plan9-x64': { file: 'f.whl', sha256: '0'.repeat(64), bytes: 1 } };
    const release = { ...sampleRelease, trees: { [name]: { ...tree, binaries } } };
    expect(await said(checkPlatform(box.world, { ...draft, release }))).toContain(
      'platform.binaries warning',
    );
  });
});
