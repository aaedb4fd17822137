import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requestOf } from '../../src/cli/install.ts';
import { optionNames } from '../../src/cli/options.ts';
import { parse, type Typed } from '../../src/cli/program.ts';
import { readSettings } from '../../src/cli/settings.ts';
import { Failure } from '../../src/failure.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
beforeEach(() => (box = sandbox()));
afterEach(() => box.remove());

const typedBy = (...words: string[]): Typed => {
  const parsed = parse(['install', 'dev1', ...words], { version: '0', width: 80 });
  if (parsed.kind !== 'call') throw new Error('no call');
  expect(parsed.argument).toBe('dev1');
  return parsed.typed;
};
const settings = (...words: string[]) =>
  readSettings(box.world.host, typedBy(...words), { variables: optionNames, readsConfig: false });
const said = async (...words: string[]) =>
  (await requestOf(box.world, await settings(...words))).wishes.sources;
const refusal = async (...words: string[]): Promise<string> => {
  const error: unknown = await settings(...words).catch((caught: unknown) => caught);
  if (!(error instanceof Failure)) throw new Error(`no failure, but ${JSON.stringify(error)}`);
  expect(error.code).toBe('BAI-USAGE');
  return error.message;
};

it('is nothing if nothing was said', async () => {
  expect(await said('--release', '21.03')).toBeUndefined();
});

it('is in general and by component, each option as often as one likes', async () => {
  const words = [
    ...['--source', 'git', '--source', 'agent=pypi', '--ref', 'manager=feature/x', '--ref', 'common=v1'],
    ...['--server-branch', '21.03', '--client-branch', 'main'],
    ...['--repositories', `it's "here"`, '--repository', 'webserver=~/a b'],
  ];
  expect(await said(...words)).toEqual({
    source: 'git',
    serverBranch: '21.03',
    clientBranch: 'main',
    repositories: `file://${box.folder}/it's%20%22here%22`,
    trees: {
      agent: { source: 'pypi' },
      manager: { ref: 'feature/x' },
      common: { ref: 'v1' },
      webserver: { repository: `file://${box.world.host.home}/a%20b` },
    },
  });
});

describe('what is refused', () => {
  it.each([
    [['--source', 'tarball'], 'tarball'],
    [['--source', 'agent=tarball'], 'tarball'],
    [['--source', 'git', '--source', 'pypi'], 'said twice'],
    [['--ref', 'agent=a', '--ref', 'agent=b'], 'agent is said twice'],
    [['--ref', '21.03'], 'component is missing'],
    [['--ref', 'agent=-x'], 'dash'],
    [['--ref', 'agent=a..b'], '".."'],
    [['--ref', 'agent=a b'], 'space'],
    [['--ref', 'agent=a\u0001b'], 'control character'],
    [['--server-branch', 'a..b'], '".."'],
    [['--server-branch=-x'], 'dash'],
    [['--client-branch', ' x'], 'space'],
    [['--repository', 'agent=ext::sh -c id'], 'no address'],
    [['--repositories', 'ext::x'], 'no address'],
    [['--repositories='], 'no address'],
  ])('%j', async (words, why) => {
    expect(await refusal(...words)).toContain(why);
  });
});

it('takes no relative folder from the config file', async () => {
  const { config } = box.world.host.folders;
  mkdirSync(config, { recursive: true });
  writeFileSync(join(config, 'config.yaml'), 'repositories: clones\n');
  await expect(
    readSettings(box.world.host, {}, { variables: optionNames, readsConfig: true }),
  ).rejects.toThrow('must begin with / or ~/');
});
