import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installedRef, workIn, workplaces } from '../../src/source/work.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let tree: string;
beforeEach(() => {
  box = sandbox();
  tree = join(box.folder, 'tree');
  mkdirSync(tree);
  git('init', '--quiet', '--initial-branch=99.01');
  git('config', 'user.name', 'developer');
  git('config', 'user.email', 'developer@localhost');
  put('README.md', 'as installed\n');
  writeFileSync(join(tree, '.git/info/exclude'), '*.pid\n');
  git('add', '--all');
  git('commit', '--quiet', '-m', 'as installed');
  git('update-ref', installedRef, 'HEAD');
});
afterEach(() => box.remove());

const git = (...args: string[]): string =>
  execFileSync('git', args, {
    cwd: tree,
    encoding: 'utf8',
    env: { ...process.env, HOME: box.world.host.home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
const put = (path: string, text: string): void => writeFileSync(join(tree, path), text);
const commit = (title: string): void => void git('commit', '--quiet', '--allow-empty', '-m', title);
const ours = ['*.pid'];
const found = async (): Promise<string[]> =>
  (await workIn(box.world, tree, { ours })).map(({ summary }) => summary);
const short = (): string => git('rev-parse', '--short', 'HEAD').trim();

describe('the work in a tree', () => {
  it('is none when nobody touched it, when it is not there, and for what tools write', async () => {
    put('manager.pid', '1');
    expect(await found()).toEqual([]);
    expect(await workIn(box.world, join(box.folder, 'absent'))).toEqual([]);
  });

  it('is changed, staged, removed and new files', async () => {
    put('README.md', 'changed\n');
    put('staged file', 'x');
    git('add', 'staged file');
    put('neu ö', 'x');
    mkdirSync(join(tree, 'folder'));
    put('folder/one', 'x');
    expect(await found()).toEqual([
      '2 changed files: README.md, staged file',
      '2 untracked files: folder/one, neu ö',
    ]);
    git('mv', '-f', 'README.md', 'ab cd');
    expect((await workIn(box.world, tree))[0]?.count).toBe(3);
  });

  it('is what is ignored by other patterns than ours', async () => {
    put('.gitignore', 'secret/\n*.pid\n');
    git('add', '.gitignore');
    git('commit', '--quiet', '-m', 'ignores');
    git('update-ref', installedRef, 'HEAD');
    writeFileSync(join(tree, '.git/info/exclude'), '*.pid\nnotes.txt\n');
    put('manager.pid', '1');
    put('notes.txt', 'mine');
    mkdirSync(join(tree, 'secret'));
    put('secret/key', 'x');
    expect(await found()).toEqual(['2 ignored files: notes.txt, secret/key']);
  });

  it('is a stash, told as one and not as commits', async () => {
    put('README.md', 'changed\n');
    put('new', 'x');
    git('stash', 'push', '--quiet', '--include-untracked');
    expect(await found()).toEqual([expect.stringMatching(/^1 stash: WIP on 99.01/)]);
  });

  it('is a commit on a branch, on none, or one that only a log still knows', async () => {
    git('checkout', '--quiet', '-b', 'topic');
    commit('on a branch');
    const onBranch = short();
    git('checkout', '--quiet', '--detach', '99.01');
    commit('on none');
    const detached = short();
    git('checkout', '--quiet', '99.01');
    const [work] = await workIn(box.world, tree);
    expect(work?.kind).toBe('commits');
    expect([...(work?.examples ?? [])].sort()).toEqual(
      [`${detached} on none`, `${onBranch} on a branch`].sort(),
    );
    expect(work?.summary).toMatch(/^2 commits that exist only here: /);
  });

  it('is no commit that a remote has', async () => {
    commit('pushed');
    execFileSync('git', ['init', '--quiet', '--bare', join(box.folder, 'remote.git')]);
    git('remote', 'add', 'origin', join(box.folder, 'remote.git'));
    git('push', '--quiet', 'origin', '99.01');
    expect(await found()).toEqual([]);
    commit('not pushed');
    expect(await found()).toEqual([`1 commit that exists only here: ${short()} not pushed`]);
  });

  it('is a merge under way', async () => {
    git('checkout', '--quiet', '-b', 'topic');
    put('README.md', 'theirs\n');
    git('commit', '--quiet', '-am', 'theirs');
    git('checkout', '--quiet', '99.01');
    put('README.md', 'ours\n');
    git('commit', '--quiet', '-am', 'ours');
    expect(() => git('merge', 'topic')).toThrow();
    expect((await workIn(box.world, tree)).map(({ kind }) => kind)).toEqual([
      'changes',
      'commits',
      'operation',
    ]);
  });

  it('is a linked worktree elsewhere, as long as it is there', async () => {
    const elsewhere = join(box.folder, 'elsewhere');
    git('worktree', 'add', '--quiet', '--detach', elsewhere);
    expect(await found()).toEqual([`1 linked worktree: ${elsewhere}`]);
    git('-C', elsewhere, 'commit', '--quiet', '--allow-empty', '-m', 'made there');
    expect((await found())[0]).toMatch(/^1 commit that exists only here: \w+ made there$/);
    rmSync(elsewhere, { recursive: true });
    expect((await workIn(box.world, tree)).map(({ kind }) => kind)).toEqual(['commits']);
  });

  it('is that of a submodule, but for what its own remote has', async () => {
    const library = join(box.folder, 'library');
    mkdirSync(library);
    git('-C', library, 'init', '--quiet', '--initial-branch=main');
    for (const [key, value] of [
      ['user.name', 'developer'],
      ['user.email', 'developer@localhost'],
    ] as const) {
      git('-C', library, 'config', key, value);
    }
    git('-C', library, 'commit', '--quiet', '--allow-empty', '-m', 'begin');
    git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'parts/library');
    git('commit', '--quiet', '-am', 'with a part');
    git('update-ref', installedRef, 'HEAD');
    expect(await workplaces(box.world, tree, ours)).toEqual([]);

    const part = join(tree, 'parts/library');
    writeFileSync(join(part, 'idea.txt'), 'mine');
    const [place, ...more] = await workplaces(box.world, tree, ours);
    expect(more).toEqual([]);
    expect(place).toMatchObject({ path: part, work: [{ summary: '1 untracked file: idea.txt' }] });
  });

  it('may be anything where the repository cannot be read', async () => {
    writeFileSync(join(tree, '.git/HEAD'), 'nonsense');
    expect(await workIn(box.world, tree)).toMatchObject([{ kind: 'unknown', count: 1 }]);
  });

  it('may be anything where the repository is gone, also below another one', async () => {
    rmSync(join(tree, '.git'), { recursive: true });
    execFileSync('git', ['init', '--quiet'], { cwd: box.folder });
    expect((await workIn(box.world, tree)).map(({ kind }) => kind)).toEqual(['unknown']);
    rmSync(join(tree, 'README.md'));
    expect(await found()).toEqual([]);
  });

  it('is looked for without writing, whatever the variables of git say', async () => {
    const index = join(tree, '.git/index');
    const before = lstatSync(index).mtimeMs;
    const odd = sandbox({
      variables: { GIT_DIR: '/nowhere', GIT_INDEX_FILE: '/nowhere/index', EDITOR: 'vi' },
    });
    try {
      put('README.md', 'as installed\n');
      expect(await workIn(odd.world, tree, { ours })).toEqual([]);
    } finally {
      odd.remove();
    }
    expect(lstatSync(index).mtimeMs).toBe(before);
  });
});
