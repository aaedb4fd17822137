// Work of all kinds is saved and brought back by the script: the same commits, stashes, index and files.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rescue } from '../../src/source/rescue.ts';
import { installedRef } from '../../src/source/references.ts';
import { remarksOn, workplaces } from '../../src/source/work.ts';
import { difference, snapshot } from '../rig/inventory.ts';
import { hiddenStates, lateStates } from '../rig/hidden.ts';
import { linkedOf, workStates } from '../rig/work.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let install: string;
let tree: string;
beforeEach(() => {
  box = sandbox();
  install = join(box.folder, 'install');
  tree = join(install, 'manager');
  mkdirSync(tree, { recursive: true });
  git('init', '--quiet', '--initial-branch=99.01');
  author(tree);
  put('README.md', 'as installed\n');
  put('other.txt', 'as installed\n');
  git('add', '--all');
  git('commit', '--quiet', '-m', 'as installed');
  git('update-ref', installedRef, 'HEAD');
});
afterEach(() => box.remove());

const ours = ['*.pid'];
const gitIn = (folder: string, ...args: string[]): string =>
  execFileSync('git', ['-C', folder, ...args], {
    encoding: 'utf8',
    env: { ...process.env, HOME: box.world.host.home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
const git = (...args: string[]): string => gitIn(tree, ...args);
const put = (path: string, text: string | Buffer): void => writeFileSync(join(tree, path), text);
function author(folder: string): void {
  gitIn(folder, 'config', 'user.name', "O'Neill");
  gitIn(folder, 'config', 'user.email', 'developer@localhost');
}

/** Commits by branch and tag, stashes, what is staged and what is not. */
const stateOf = (folder: string): Record<string, string> => ({
  head: gitIn(folder, 'rev-parse', 'HEAD'),
  branch: gitIn(folder, 'branch', '--show-current'),
  branches: gitIn(folder, 'for-each-ref', 'refs/heads', 'refs/tags'),
  stashes: gitIn(folder, 'stash', 'list', '--format=%H %gs'),
  status: gitIn(folder, 'status', '--porcelain', '--ignored'),
  staged: gitIn(folder, 'diff', '--cached', '--binary'),
  changes: gitIn(folder, 'diff', '--binary'),
});

async function saved(): Promise<string> {
  const places = await workplaces(box.world, tree, { ours });
  const folder = join(box.folder, "saved 'here'/one");
  const { command } = await rescue(box.world, { id: 'dev', installPath: install, places, folder });
  return command;
}

function bringBack(command: string, into = join(box.folder, 'back')): string {
  const { status, stderr } = spawnSync('sh', ['-c', command.replace('FOLDER', into)], {
    encoding: 'utf8',
    env: { ...process.env, HOME: box.world.host.home },
  });
  expect(status, stderr).toBe(0);
  return join(into, 'manager');
}

const filesOf = (folder: string) => snapshot(folder, { ignore: ['.git'] });

describe('work that was saved', () => {
  it('comes back as it was: commits, stashes, index, changes, new and ignored files', async () => {
    git('checkout', '--quiet', '-b', 'topic');
    put('topic.txt', 'x');
    git('add', 'topic.txt');
    git('commit', '--quiet', '-m', 'on a branch');
    git('tag', '-a', 'mine', '-m', 'a tag');
    for (const name of ['first', 'second']) {
      put('README.md', `${name}\n`);
      put(`${name}.new`, 'x');
      git('stash', 'push', '--quiet', '--include-untracked', '-m', `it's ${name}`);
    }
    git('checkout', '--quiet', '--detach');
    git('commit', '--quiet', '--allow-empty', '-m', 'on none');
    const lost = git('rev-parse', 'HEAD').trim();
    git('checkout', '--quiet', '99.01');
    put('README.md', 'staged\n');
    git('add', 'README.md');
    put('README.md', 'staged and changed again\n');
    git('rm', '--quiet', 'other.txt');
    put('bytes.bin', Buffer.from([0, 255, 10, 13, 0]));
    git('add', 'bytes.bin');
    put('latin.txt', Buffer.from('gr\xfc\xdfe\n', 'latin1'));
    mkdirSync(join(tree, 'neu ö'));
    put('neu ö/run.sh', '#!/bin/sh\n');
    chmodSync(join(tree, 'neu ö/run.sh'), 0o755);
    symlinkSync('run.sh', join(tree, 'neu ö/link'));
    writeFileSync(join(tree, '.git/info/exclude'), 'ignored.txt\n');
    put('ignored.txt', 'mine');
    const [before, files] = [stateOf(tree), filesOf(tree)];

    const command = await saved();
    expect(stateOf(tree)).toEqual(before);
    const back = bringBack(command);
    writeFileSync(join(back, '.git/info/exclude'), 'ignored.txt\n');
    expect(stateOf(back)).toEqual(before);
    expect(difference(files, filesOf(back))).toEqual([]);
    // nothing refers to it any more, but it is there
    expect(gitIn(back, 'cat-file', '-t', lost).trim()).toBe('commit');
    expect(gitIn(back, 'for-each-ref', 'refs/bai-dev/rescued')).toBe('');
  });

  it('needs no remote to come back, not even what only that one had', async () => {
    const remote = join(box.folder, 'remote.git');
    execFileSync('git', ['init', '--quiet', '--bare', remote]);
    git('remote', 'add', 'origin', remote);
    git('push', '--quiet', 'origin', '99.01');
    git('commit', '--quiet', '--allow-empty', '-m', 'not pushed');
    const before = stateOf(tree);
    const command = await saved();
    rmSync(remote, { recursive: true });
    expect(stateOf(bringBack(command))).toEqual(before);
  });

  it('comes back byte for byte in all states that git status does not show, without what tools wrote', async () => {
    for (const name of ['PKG-INFO', 'a.py', 'b.py', 'c.py']) put(name, 'as installed\n');
    git('add', '--all');
    git('commit', '--quiet', '-m', 'more');
    git('update-ref', installedRef, 'HEAD');
    for (const [, , make] of [...hiddenStates, ...workStates, ...lateStates]) make(tree);
    const linked = linkedOf(tree);
    const of = (folder: string) => snapshot(folder, { ignore: ['.git/worktrees'] });
    const [before, elsewhere] = [of(tree), filesOf(linked)];
    mkdirSync(join(tree, '__pycache__'), { recursive: true });
    put('__pycache__/a.cpython-39.pyc', 'a\r\r\n');

    const back = bringBack(await saved());
    expect(difference(before, of(back))).toEqual([]);
    expect(difference(elsewhere, filesOf(`${back}.worktree-1`))).toEqual([]);
    const head = gitIn(linked, 'rev-parse', 'HEAD');
    rmSync(tree, { recursive: true });
    rmSync(linked, { recursive: true });
    expect(gitIn(`${back}.worktree-1`, 'rev-parse', 'HEAD')).toBe(head);
    expect(gitIn(back, 'status', '--porcelain', '--branch')).toContain('UU PKG-INFO');
    expect(gitIn(join(back, 'build/mine'), 'status', '--porcelain')).toBe('?? idea.txt\n');
  });

  it('is looked at and saved without running any program of a configuration', async () => {
    put('filtered.txt', 'as installed\n');
    put('touched.txt', 'as installed\n');
    put('.gitattributes', '*.txt filter=odd diff=odd\n');
    git('add', '--all');
    git('commit', '--quiet', '-m', 'with attributes');
    // signed by nobody, and asked for a signature all the same
    const text = git('cat-file', 'commit', 'HEAD').replace('\n\n', '\ngpgsig none\n\n');
    writeFileSync(join(box.folder, 'signed'), text);
    git(
      'update-ref',
      'refs/heads/signed',
      git('hash-object', '-t', 'commit', '-w', join(box.folder, 'signed')).trim(),
    );
    const ran = join(box.folder, 'ran');
    const program = join(box.folder, 'program');
    writeFileSync(program, `#!/bin/sh\necho "$0 $*" >>'${ran}'\nexit 1\n`, { mode: 0o755 });
    for (const hooks of ['.git/hooks', 'hooks']) {
      mkdirSync(join(tree, hooks), { recursive: true });
      for (const hook of [
        'reference-transaction',
        'post-index-change',
        'post-checkout',
        'fsmonitor-watchman',
      ]) {
        symlinkSync(program, join(tree, hooks, hook));
      }
    }
    const programs = [
      ...['core.fsmonitor', 'core.sshCommand', 'core.pager', 'core.editor', 'core.askPass', 'core.gitProxy'],
      ...['core.alternateRefsCommand', 'diff.external', 'diff.odd.textconv', 'diff.odd.command'],
      ...['filter.odd.clean', 'filter.odd.smudge', 'filter.odd.process', 'filter.lfs.process', 'gpg.program'],
      ...[
        'alias.ls-files',
        'alias.status',
        'credential.helper',
        'uploadpack.packObjectsHook',
        'pager.config',
      ],
      ...['merge.odd.driver', 'trailer.odd.command', 'remote.origin.uploadpack', 'sequence.editor'],
    ];
    const lines = [
      ...programs.flatMap((key) => {
        const [section = '', name = '', last] = key.split('.');
        return last === undefined
          ? [`[${section}]`, `${name} = ${program}`]
          : [`[${section} "${name}"]`, `${last} = ${program}`];
      }),
      ...['[filter "odd"]', 'required = true', '[log]', 'showSignature = true', '[pager]', 'status = true'],
      ...['[url "ext::sh -c touch% ran"]', 'insteadOf = https://'],
    ];
    const included = join(box.folder, 'included');
    writeFileSync(included, `${lines.join('\n')}\n`);
    // what is missing would be fetched from the remote of a partial clone
    const partial = ['[extensions]', 'partialClone = origin', '[remote "origin"]', 'promisor = true'];
    const own = [...partial, 'url = ssh://nowhere.invalid/x', '[include]', `path = ${included}`];
    writeFileSync(join(box.world.host.home, '.gitconfig'), `[include]\npath = ${included}\n`);
    writeFileSync(join(tree, '.git/config'), `[core]\nhooksPath = hooks\n${[...own, ...lines].join('\n')}\n`);
    const blob = git('-c', 'alias.x=', 'rev-parse', 'HEAD:touched.txt').trim();
    rmSync(join(tree, '.git/objects', blob.slice(0, 2), blob.slice(2)));
    put('touched.txt', 'as installed\n');
    put('filtered.txt', 'changed\n');
    rmSync(ran, { force: true });

    const places = await workplaces(box.world, tree, { ours });
    const changes = places[0]?.work.find(({ kind }) => kind === 'changes');
    expect(changes?.examples).toEqual(['filtered.txt']);
    expect(places[0]?.work.find(({ kind }) => kind === 'commits')?.count).toBe(2);
    await remarksOn(box.world, tree, { ours, branch: '99.01' });
    const folder = join(box.folder, 'saved');
    await rescue(box.world, { id: 'dev', installPath: install, places, folder });
    expect(existsSync(ran)).toBe(false);
    expect(readFileSync(join(folder, 'manager/filtered.txt'), 'utf8')).toBe('changed\n');
    // the programs are there to be run
    spawnSync('git', ['-C', tree, 'status'], { env: { ...process.env, HOME: box.world.host.home } });
    expect(existsSync(ran)).toBe(true);
  });

  it('holds the objects that a repository in it takes from another that goes too', async () => {
    put('new', 'x');
    const shared = join(install, 'agent/build/shared');
    gitIn(install, 'init', '--quiet', '--initial-branch=99.01', join(install, 'agent'));
    gitIn(install, 'clone', '--quiet', '--shared', tree, shared);
    const places = await workplaces(box.world, join(install, 'agent'), { ours });
    const folder = join(box.folder, 'saved');
    const { command } = await rescue(box.world, { id: 'dev', installPath: install, places, folder });
    rmSync(install, { recursive: true });
    bringBack(command);
    expect(gitIn(join(box.folder, 'back/agent/build/shared'), 'fsck', '--strict')).toBe('');
  });

  it('may be a merge in its midst: the files come back, conflicts and all', async () => {
    git('checkout', '--quiet', '-b', 'topic');
    put('README.md', 'theirs\n');
    git('commit', '--quiet', '-am', 'theirs');
    git('checkout', '--quiet', '99.01');
    put('README.md', 'ours\n');
    git('commit', '--quiet', '-am', 'ours');
    expect(() => git('merge', 'topic')).toThrow();
    const files = filesOf(tree);
    expect(difference(files, filesOf(bringBack(await saved())))).toEqual([]);
  });

  it('may lie in a linked worktree', async () => {
    const elsewhere = join(box.folder, 'elsewhere');
    git('worktree', 'add', '--quiet', '--detach', elsewhere);
    gitIn(elsewhere, 'commit', '--quiet', '--allow-empty', '-m', 'made there');
    writeFileSync(join(elsewhere, 'README.md'), 'changed there\n');
    const [head, files] = [gitIn(elsewhere, 'rev-parse', 'HEAD'), filesOf(elsewhere)];
    const back = `${bringBack(await saved())}.worktree-1`;
    expect(gitIn(back, 'rev-parse', 'HEAD')).toBe(head);
    expect(difference(files, filesOf(back))).toEqual([]);
  });

  it('may be a folder without a repository', async () => {
    execFileSync('rm', ['-r', join(tree, '.git')]);
    const files = filesOf(tree);
    expect(difference(files, filesOf(bringBack(await saved())))).toEqual([]);
  });

  it('is never put into a repository that is there', async () => {
    put('new', 'x');
    const command = await saved();
    bringBack(command);
    const again = spawnSync('sh', ['-c', command.replace('FOLDER', join(box.folder, 'back'))]);
    expect(again.status).toBe(1);
  });

  it('is whole or not there', async () => {
    put('new', 'x');
    await saved();
    expect(readdirSync(join(box.folder, "saved 'here'"))).toEqual(['one']);
    expect(existsSync(join(box.folder, "saved 'here'/one/manager/new"))).toBe(true);
  });
});
