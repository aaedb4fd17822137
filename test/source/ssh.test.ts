import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/failure.ts';
import { releaseSchema, type Release } from '../../src/release/release.ts';
import { chooseTrees } from '../../src/source/choose.ts';
import { cloneTree } from '../../src/source/git.ts';
import { remoteRefs } from '../../src/source/refs.ts';
import { makeStandIns } from '../rig/components.ts';
import { releaseOf } from '../rig/release.ts';
import { makeRepositories, submodulePath, type Repositories } from '../rig/repositories.ts';
import { makeSsh, type StandInSsh } from '../rig/ssh.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let repositories: Repositories;
let release: Release;
let box: Sandbox;
let ssh: StandInSsh;
beforeAll(() => {
  const standIns = makeStandIns();
  repositories = makeRepositories(standIns);
  release = releaseSchema.parse(releaseOf(standIns));
});
afterAll(() => repositories.remove());
const open = (variables: Readonly<Record<string, string | undefined>>): void => {
  box = sandbox({ variables: { GIT_SSH: undefined, GIT_SSH_COMMAND: undefined, ...variables } });
  ssh = makeSsh(join(box.folder, 'programs'));
  // such an address has no way to write a space
  symlinkSync(repositories.folder, join(box.folder, 'repositories'));
};
/** The stand-in is the ssh that a shell finds. */
const find = (): void => {
  const { variables } = box.world.host;
  Object.assign(variables, { PATH: `${join(box.folder, 'programs')}:${variables['PATH'] ?? ''}` });
};
beforeEach(() => {
  open({});
  find();
});
afterEach(() => box.remove());

const clone = (name: string, base: string): Promise<string> =>
  cloneTree(box.world, {
    name,
    tree: release.trees[name]!,
    source: {
      source: 'git',
      ref: '99.01',
      kind: 'branch',
      address: `${base}/standin-${name}`,
      repositories: base,
    },
    path: join(box.folder, name),
    partial: join(box.folder, `.${name}.partial`),
    index: 'http://127.0.0.1:9/simple',
    exclude: [],
    progress: () => undefined,
  });
const git = (name: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd: join(box.folder, name), encoding: 'utf8' }).trim();

describe('a repository behind ssh', () => {
  it('is cloned with its submodule, and asks nobody anything', async () => {
    const base = `ssh://me@host.invalid:2222${repositories.folder.replaceAll(' ', '%20').replace('%"', '%25"')}`;
    const commit = await clone('client-py', base);
    expect(commit).toBe(repositories.git('standin-client-py', 'rev-parse', '99.01'));
    expect(git('client-py', 'status', '--porcelain', '--branch')).toBe('## 99.01...origin/99.01');
    expect(git('client-py', 'remote', 'get-url', 'origin')).toBe(`${base}/standin-client-py`);
    expect(existsSync(join(box.folder, 'client-py', submodulePath, 'index.html'))).toBe(true);
    for (const call of ssh.calls()) expect(call).toMatch(/-o BatchMode=yes .*-p 2222 me@host\.invalid git-/);
  });

  it('is one by the short form of its address as well', async () => {
    const base = `me@host.invalid:${box.folder}/repositories`;
    await clone('common', base);
    expect(git('common', 'remote', 'get-url', 'origin')).toBe(`${base}/standin-common`);
    expect(ssh.calls()[0]).toMatch(/ me@host\.invalid git-upload-pack /);
  });
});

describe('the ssh of the user', () => {
  const address = 'me@host.invalid:standin-absent';
  const asked = async (): Promise<readonly string[]> => {
    await remoteRefs(box.world, address, 20).catch(() => undefined);
    return ssh.calls();
  };

  it('keeps its own words, which stand above ours', async () => {
    writeFileSync(
      join(box.world.host.home, '.gitconfig'),
      `[core]\n\tsshCommand = ${ssh.path} -i mine -o ConnectTimeout=1\n`,
    );
    expect(await asked()).toEqual([expect.stringMatching(/^-i mine -o ConnectTimeout=1 -o BatchMode=yes /)]);
  });

  it.each([
    ['GIT_SSH_COMMAND', ' -4', /^-4 -o BatchMode=yes /],
    ['GIT_SSH', '', /^-o BatchMode=yes /],
  ])('is the one of %s', async (name, words, called) => {
    Object.assign(box.world.host.variables, { [name]: ssh.path + words });
    expect(await asked()).toEqual([expect.stringMatching(called)]);
  });

  it('is called as it is where it is another program', async () => {
    const other = join(box.folder, 'programs/other');
    symlinkSync(ssh.path, other);
    Object.assign(box.world.host.variables, { GIT_SSH_COMMAND: other, GIT_SSH_VARIANT: 'simple' });
    expect(await asked()).toEqual([expect.stringMatching(/^me@host\.invalid git-upload-pack /)]);
  });
});

describe('what ssh says', () => {
  const address = 'ssh://me@host.invalid:2222/srv/standin-common';
  const lost = 'fatal: Could not read from remote repository.';
  const failure = async (words: string): Promise<Failure> => {
    ssh.refuse(words);
    const error: unknown = await remoteRefs(box.world, address, 20).catch((caught: unknown) => caught);
    if (!(error instanceof Failure)) throw new Error(`no failure, but ${String(error)}`);
    return error;
  };

  it.each<[reason: string, words: string, next: string[]]>([
    [
      'ssh does not know the key that host.invalid:2222 shows, and asks nobody here.',
      'No ED25519 host key is known for [host.invalid]:2222 and you have requested strict checking.\nHost key verification failed.',
      [`git ls-remote ${address}`],
    ],
    [
      'host.invalid:2222 shows another key than the one that ssh knows it by.',
      '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.',
      [`git ls-remote ${address}`],
    ],
    [
      'host.invalid:2222 takes none of the keys that ssh can use without a question.',
      'me@host.invalid: Permission denied (publickey,password).',
      ['ssh-add', `git ls-remote ${address}`],
    ],
    [
      `${address} lets nobody in without a login that git knows. Some servers answer so for what is not there.`,
      "ERROR: The project you were looking for could not be found or you don't have permission to view it.",
      [`git ls-remote ${address}`],
    ],
  ])('is told with what may help: %s', async (reason, words, next) => {
    const { code, message, more } = await failure(`${words}\n${lost}`);
    expect([code, message]).toEqual(['BAI-SOURCE-ACCESS', reason]);
    expect(more.next?.map(({ command }) => command)).toEqual(next);
  });

  it.each([
    ['ssh: connect to host host.invalid port 2222: Operation timed out', 'BAI-NETWORK'],
    ['ssh: Could not resolve hostname host.invalid: Name or service not known', 'BAI-NETWORK'],
    ['Timeout, server host.invalid not responding.', 'BAI-SOURCE-TRANSFER'],
    ["fatal: '/srv/standin-common' does not appear to be a git repository", 'BAI-SOURCE-REPOSITORY'],
  ])('has a code: %s', async (words, code) => {
    expect((await failure(`${words}\n${lost}`)).code).toBe(code);
  });

  it('is part of the answer for a tree', async () => {
    ssh.refuse('Host key verification failed.');
    const [choice] = await chooseTrees(box.world, [
      { tree: 'common', source: 'git', ref: '99.01', address, submodules: [] },
    ]);
    expect(choice?.trouble).toMatchObject({
      kind: 'access',
      next: [{ purpose: 'look at the key and accept it', command: `git ls-remote ${address}` }],
    });
  });

  it('is that there is none', async () => {
    Object.assign(box.world.host.variables, { GIT_SSH_COMMAND: '/nowhere/ssh' });
    const { code, message } = await failure('');
    expect([code, message]).toEqual([
      'BAI-SOURCE-ACCESS',
      'git asks host.invalid:2222 by ssh, and there is no ssh here.',
    ]);
  });
});
