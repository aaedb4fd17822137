import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { chooseTrees, type TreeDemand } from '../../src/source/choose.ts';
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
  Object.assign(server, { fault: 'none', only: /./ });
  server.requests.length = 0;
});
afterEach(() => box.remove());

const demand = (tree: string, change: Partial<TreeDemand> = {}): TreeDemand => ({
  tree,
  source: 'auto',
  ref: '99.01',
  address: `${server.url}/standin-${tree}`,
  submodules: [],
  package: { name: `standin-${tree}`, version: '1.0' },
  ...change,
});
const pypi = (tree: string) => ({ source: 'pypi', ref: '1.0', address: `standin-${tree}` });

it('takes from git what is there, with the commit that was seen', async () => {
  const [choice] = await chooseTrees(box.world, [demand('common')]);
  const commit = repositories.git('standin-common', 'rev-parse', '99.01');
  expect(choice).toEqual({
    tree: 'common',
    ref: '99.01',
    source: { source: 'git', ref: '99.01', kind: 'branch', commit, address: `${server.url}/standin-common` },
  });
});

it('lets PyPI stand in where it may, and says why', async () => {
  server.only = /manager/;
  server.fault = 'login';
  const choices = await chooseTrees(box.world, [
    demand('manager'),
    demand('common', { ref: 'no-such' }),
    demand('client-py', { submodules: [`${server.url}/absent`] }),
  ]);
  expect(choices.map(({ tree, source, trouble }) => [tree, source, trouble?.kind])).toEqual([
    ['manager', pypi('manager'), 'access'],
    ['common', pypi('common'), 'ref'],
    ['client-py', pypi('client-py'), 'repository'],
  ]);
  expect(choices[1]?.trouble?.known).toEqual(expect.arrayContaining(['99.01', '99.01.0', 'feature/x']));
});

it('puts nothing in the place of what git was wanted for', async () => {
  const [choice] = await chooseTrees(box.world, [demand('common', { source: 'git', ref: 'no-such' })]);
  expect(choice?.source).toBeUndefined();
  expect(choice?.trouble).toMatchObject({
    kind: 'ref',
    reason: `${server.url}/standin-common has no branch or tag "no-such".`,
  });
});

it('asks nobody for what comes from PyPI, and each repository once', async () => {
  const choices = await chooseTrees(box.world, [
    demand('manager', { source: 'pypi' }),
    demand('common'),
    demand('client-py', { submodules: [`${server.url}/standin-common`] }),
  ]);
  expect(choices.map(({ source }) => source?.source)).toEqual(['pypi', 'git', 'git']);
  const asked = server.requests.filter((request) => request.endsWith('/info/refs'));
  expect(asked.sort()).toEqual(['GET /standin-client-py/info/refs', 'GET /standin-common/info/refs']);
});

it('lets PyPI stand in for all that say nothing, in one sentence', async () => {
  server.fault = 'silent';
  const choices = await chooseTrees(
    box.world,
    ['manager', 'common', 'client-py'].map((tree) => demand(tree)),
  );
  expect(choices.map(({ source }) => source?.source)).toEqual(['pypi', 'pypi', 'pypi']);
  expect(new Set(choices.map(({ trouble }) => trouble?.reason))).toEqual(
    new Set([`${new URL(server.url).host} did not answer within 3 s.`]),
  );
});

it('names a repository in a folder by its path', async () => {
  const address = `${pathToFileURL(repositories.folder).href}/absent`;
  const [choice] = await chooseTrees(box.world, [demand('common', { address })]);
  expect(choice?.trouble?.reason).toBe(`There is no git repository at ${repositories.folder}/absent.`);
});
