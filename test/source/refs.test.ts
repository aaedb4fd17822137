import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/failure.ts';
import { findRef, remoteRefs } from '../../src/source/refs.ts';
import { makeStandIns } from '../rig/components.ts';
import { startGitServer, type GitServer } from '../rig/gitserver.ts';
import { makeRepositories, type Repositories } from '../rig/repositories.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let repositories: Repositories;
let server: GitServer;
let box: Sandbox;
beforeAll(async () => {
  repositories = makeRepositories(makeStandIns());
  server = await startGitServer(repositories.folder);
});
afterAll(async () => {
  await server.close();
  repositories.remove();
});
beforeEach(() => {
  box = sandbox();
  server.fault = 'none';
});
afterEach(() => box.remove());

const failureOf = async (asked: Promise<unknown>): Promise<Failure> => {
  const error: unknown = await asked.catch((caught: unknown) => caught);
  if (!(error instanceof Failure)) throw new Error(`no failure, but ${String(error)}`);
  return error;
};

describe('a repository', () => {
  it.each(['http', 'file'])('tells its branches and the commits of its tags over %s', async (way) => {
    repositories.git('standin-common', 'config', 'user.name', 'Somebody');
    repositories.git('standin-common', 'config', 'user.email', 'somebody@example.com');
    repositories.git('standin-common', 'tag', '--force', '--annotate', '-m', 'x', 'annotated', '99.01~1');
    const base = way === 'http' ? server.url : pathToFileURL(repositories.folder).href;
    const { branches, tags } = await remoteRefs(box.world, `${base}/standin-common`, 20);
    expect([...branches.keys()].sort()).toEqual(['99.01', 'feature/x', 'main']);
    const commit = repositories.git('standin-common', 'rev-parse', '99.01~1');
    expect(Object.fromEntries(tags)).toEqual({ annotated: commit, '99.01.0': commit });
  });

  it('that is empty, or none, or a page, is no repository', async () => {
    const ask = async (path: string): Promise<string> =>
      (await failureOf(remoteRefs(box.world, `${server.url}/${path}`, 20))).code;
    expect(await ask('standin-empty')).toBe('BAI-SOURCE-REPOSITORY');
    expect(await ask('standin-absent')).toBe('BAI-SOURCE-REPOSITORY');
    server.fault = 'page';
    expect(await ask('standin-common')).toBe('BAI-SOURCE-REPOSITORY');
    const folder = pathToFileURL(box.folder).href;
    expect((await failureOf(remoteRefs(box.world, folder, 20))).code).toBe('BAI-SOURCE-REPOSITORY');
    expect((await failureOf(remoteRefs(box.world, `${folder}/absent`, 20))).code).toBe(
      'BAI-SOURCE-REPOSITORY',
    );
  });

  it('that says nothing is waited for as long as was said', async () => {
    server.fault = 'silent';
    const failure = await failureOf(remoteRefs(box.world, `${server.url}/standin-common`, 1));
    expect(failure.code).toBe('BAI-NETWORK');
    expect(failure.message).toMatch(/^127\.0\.0\.1:\d+ did not answer within 1 s\.$/);
  });
});

describe('a name', () => {
  const [one, two] = ['1'.repeat(40), `${'1'.repeat(7)}${'2'.repeat(33)}`];
  const refs = {
    branches: new Map([
      ['main', one],
      ['both', one],
    ]),
    tags: new Map([
      ['v1', two],
      ['both', two],
    ]),
  };
  it.each([
    ['main', { ref: 'main', kind: 'branch', commit: one }],
    ['v1', { ref: 'v1', kind: 'tag', commit: two }],
    ['both', 'ambiguous'],
    ['refs/heads/both', { ref: 'both', kind: 'branch', commit: one }],
    ['refs/tags/both', { ref: 'both', kind: 'tag', commit: two }],
    ['refs/tags/main', undefined],
    ['1'.repeat(9), { ref: '1'.repeat(9), kind: 'commit', commit: one }],
    // two commits begin so, and only a clone can tell more
    ['1'.repeat(7), { ref: '1'.repeat(7), kind: 'commit' }],
    ['abcdef0', { ref: 'abcdef0', kind: 'commit' }],
    ['a'.repeat(40), { ref: 'a'.repeat(40), kind: 'commit', commit: 'a'.repeat(40) }],
    ['abcdef', undefined],
    ['Main', undefined],
  ])('%s', (name, meant) => {
    expect(findRef(refs, name)).toEqual(meant);
  });
});
