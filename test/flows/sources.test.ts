// Trees from git: the built program with small repositories in a folder with an awkward name and behind a real git
// server, which fails first; what is said without writing anything; what is there in the end.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binaryPath } from '../rig/components.ts';
import { startGitServer, type GitServer } from '../rig/gitserver.ts';
import { difference, snapshot } from '../rig/inventory.ts';
import type { Ended, Home } from '../rig/program.ts';
import { makeRepositories, submodulePath, type Repositories } from '../rig/repositories.ts';
import { requires } from '../rig/require.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { recordOf } from '../rig/state.ts';

const needed = requires('docker', 'network', 'pyenv');

describe.skipIf(needed.skip)(needed.title('sources from git'), { timeout: 120_000 }, () => {
  let stage: Stage;
  let repositories: Repositories;
  let server: GitServer;
  let home: Home;
  let id: string;
  let folder: string;

  beforeAll(async () => {
    stage = await openStage();
    repositories = makeRepositories(stage.standIns);
    server = await startGitServer(repositories.folder);
    // nobody said where from
    home = stage.home({ BAI_DEV_SOURCE: '', GIT_HTTP_LOW_SPEED_TIME: '1' });
    id = stage.id('git');
    folder = join(home.home, 'backend.ai-dev', id);
  });

  afterAll(async () => {
    await stage.close();
    await server.close();
    repositories.remove();
  });

  const install = (...more: readonly string[]): Promise<Ended> =>
    stage.run(home, stage.install(id, ...more), { limit: 110 });
  const plan = async (...more: readonly string[]): Promise<Ended> => {
    const before = snapshot(home.folder, { times: true });
    const ended = await install('--dry-run', ...more);
    expect(difference(before, snapshot(home.folder, { times: true }))).toEqual([]);
    return ended;
  };
  const notes = ({ lines }: Ended): string[] =>
    lines.filter((line) => line['kind'] === 'note').map((line) => String(line['message']));
  const sourceOf = ({ lines }: Ended): unknown =>
    lines.find((line) => line['kind'] === 'environment')?.['source'];
  const git = (tree: string, ...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: join(folder, tree), encoding: 'utf8' }).trim();

  describe('before anything is written', () => {
    it('takes PyPI where no repository answers, with a line that says why', async () => {
      const ended = await plan('--repositories', 'http://127.0.0.1:9');
      expect(ended.exit, ended.stderr).toBe(0);
      expect(sourceOf(ended)).toBe('pypi');
      expect(notes(ended)).toEqual([
        expect.stringMatching(/^From PyPI: manager, common, client-py\. 127\.0\.0\.1:9 could not be reached/),
      ]);
    });

    it('takes PyPI for the component whose repository lacks the branch', async () => {
      repositories.git('standin-common', 'branch', '--move', '99.01', 'elsewhere');
      try {
        const ended = await plan('--repositories', repositories.folder);
        expect(sourceOf(ended)).toBe('mixed');
        expect(notes(ended)).toEqual([
          `From PyPI: common. ${repositories.folder}/standin-common has no branch or tag "99.01".`,
        ]);
      } finally {
        repositories.git('standin-common', 'branch', '--move', 'elsewhere', '99.01');
      }
    });

    it('replaces nothing that was named, and names the nearest', async () => {
      const ended = await plan('--repositories', server.url, '--ref', 'common=feature/y');
      expect(ended.exit).toBe(3);
      expect(ended.envelope?.failure?.reason).toContain('common: no branch or tag "feature/y"');
      expect(ended.envelope?.failure?.next[0]?.command).toContain('--ref common=feature/x');
    });

    it.each([
      ['login', 'no way in'],
      ['refuses', 'no way in'],
      ['loops', 'no repository'],
      ['page', 'no repository'],
      ['unwell', 'does not answer'],
    ] as const)('tells of a repository that wants or is something else: %s', async (fault, title) => {
      Object.assign(server, { fault, only: /manager/ });
      try {
        const ended = await plan('--source', 'git', '--repositories', server.url);
        expect(ended.exit).toBe(3);
        expect(ended.envelope?.failure?.reason).toMatch(new RegExp(`manager: .*${title}`));
      } finally {
        server.fault = 'none';
      }
    });
  });

  it('leaves nothing under a final name when a transfer dies', async () => {
    Object.assign(server, { fault: 'dies', only: /manager/ });
    const ended = await install('--source', 'git', '--repositories', server.url);
    expect(ended.envelope?.failure, ended.stdout).toMatchObject({ code: 'BAI-SOURCE-TRANSFER' });
    expect(ended.exit).toBe(8);
    expect(readdirSync(folder)).not.toContain('manager');
  });

  it('completes by the same command once the server does, also where a repository has moved', async () => {
    Object.assign(server, { fault: 'redirects', only: /^\/standin-common/ });
    const ended = await install('--source', 'git', '--repositories', server.url);
    server.fault = 'none';
    expect(ended.envelope, ended.stdout).toMatchObject({ ok: true, result: { outcome: 'continued' } });
    expect(recordOf(home, id)?.spec.trees['manager']).toMatchObject({
      source: 'git',
      ref: '99.01',
      kind: 'branch',
      commit: repositories.git('standin-manager', 'rev-parse', '99.01'),
    });
    expect(readdirSync(folder).filter((name) => name.endsWith('.partial'))).toEqual([]);
  });

  it('has clean trees on their branches, with submodule and large files', () => {
    for (const tree of ['manager', 'common', 'client-py']) {
      expect(git(tree, 'status', '--porcelain', '--branch')).toBe('## 99.01...origin/99.01');
    }
    expect(readFileSync(join(folder, 'manager', binaryPath), 'utf8')).toBe('only the wheel has it\n');
    expect(existsSync(join(folder, 'client-py', submodulePath, 'index.html'))).toBe(true);
  });

  it('has nothing left to do, and asks no repository', async () => {
    server.requests.length = 0;
    const ended = await install();
    expect(ended.envelope?.result).toMatchObject({ outcome: 'unchanged' });
    expect(server.requests).toEqual([]);
  });

  it('would change its refs where its repositories are, with their submodules', async () => {
    server.requests.length = 0;
    const ended = await install('--change', '--dry-run', '--ref', 'client-py=feature/x');
    expect(ended.exit, ended.stdout).toBe(0);
    const asked = new Set(server.requests.filter((request) => request.startsWith('GET')));
    expect([...asked].sort()).toEqual(['GET /standin-client-py/info/refs', 'GET /standin-pages/info/refs']);
  });

  it('is not what another branch or source would be', async () => {
    for (const words of [
      ['--server-branch', 'feature/x', '--source', 'git'],
      ['--source', 'pypi'],
    ]) {
      const ended = await install(...words);
      expect(ended.envelope?.failure, words.join(' ')).toMatchObject({ code: 'BAI-CONFLICT-SPEC' });
    }
  });

  it('goes without a trace, as nothing in its trees is work', async () => {
    const ended = await stage.run(home, ['delete', '-e', id, '--yes', '--no-snapshot']);
    expect(ended.exit, ended.stdout).toBe(0);
    expect(existsSync(folder)).toBe(false);
  });
});
