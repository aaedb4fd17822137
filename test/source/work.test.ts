import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installedRef } from '../../src/source/references.ts';
import { remarksOn, workIn, workplaces } from '../../src/source/work.ts';
import { hiddenStates, lateStates } from '../rig/hidden.ts';
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
  for (const name of ['PKG-INFO', 'README.md', 'a.py', 'b.py', 'c.py']) put(name, 'as installed\n');
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

  it('is what is ignored, by whatever pattern, and the pattern', async () => {
    put('.gitignore', 'secret/\n*.pid\n');
    git('add', '.gitignore');
    git('commit', '--quiet', '-m', 'ignores');
    git('update-ref', installedRef, 'HEAD');
    writeFileSync(join(tree, '.git/info/exclude'), '*.pid\nnotes.txt\n');
    put('manager.pid', '1');
    put('notes.txt', 'mine');
    mkdirSync(join(tree, 'secret'));
    put('secret/key', 'x');
    expect(await found()).toEqual([
      '2 ignored files: notes.txt, secret/key',
      '1 line in .git/info/exclude: notes.txt',
    ]);
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
    const [work] = await workIn(box.world, tree, { ours });
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
    expect((await workIn(box.world, tree, { ours })).map(({ kind }) => kind)).toEqual([
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
    expect((await workIn(box.world, tree, { ours })).map(({ kind }) => kind)).toEqual(['commits']);
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
    expect(await workplaces(box.world, tree, { ours })).toEqual([]);

    const part = join(tree, 'parts/library');
    writeFileSync(join(part, 'idea.txt'), 'mine');
    const [place, ...more] = await workplaces(box.world, tree, { ours });
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
    expect((await workIn(box.world, tree, { ours })).map(({ kind }) => kind)).toEqual(['unknown']);
    for (const name of readdirSync(tree)) rmSync(join(tree, name));
    expect(await found()).toEqual([]);
  });

  it.each([...hiddenStates, ...lateStates])('is %s, by name', async (_name, told, make) => {
    make(tree);
    expect(await found()).toEqual([expect.stringMatching(told)]);
  });

  it('is nothing that known tools wrote', async () => {
    const tag = 'Signature: 8a477f597d28d172789f06886806bc55\n';
    const written: Readonly<Record<string, string>> = {
      'src/__pycache__/a.cpython-39.pyc': 'a\r\r\n',
      'src/x.egg-info/PKG-INFO': 'Metadata-Version: 2.1\n',
      'src/x.egg-info/SOURCES.txt': 'a.py\n',
      '.mypy_cache/CACHEDIR.TAG': tag,
      '.mypy_cache/3.9/a.data.json': '{}',
      '.pytest_cache/CACHEDIR.TAG': tag,
      '.pytest_cache/v/cache/nodeids': '[]',
      '.coverage': 'SQLite format 3\0',
      'uv.lock': 'version = 1\nrevision = 3\nrequires-python = ">=3.9"\n',
      'build/lib/a.py': 'as installed\n',
      'agent.pid': '4711\n',
      '.venv/pyvenv.cfg': 'home = /usr/bin\n',
      '.venv/lib/python3.9/site-packages/x.py': 'x\n',
      '.git/hooks/pre-push.sample': '#!/bin/sh\n',
      '.git/hooks/post-merge': '#!/bin/sh\ngit lfs post-merge "$@"\n',
    };
    for (const [path, text] of Object.entries(written)) {
      mkdirSync(join(tree, path, '..'), { recursive: true });
      put(path, text);
    }
    git('sparse-checkout', 'set', '--no-cone', '/README.md', '/PKG-INFO');
    expect(await found()).toEqual([]);
    // the same names with something else in them
    for (const path of ['uv.lock', 'agent.pid', 'build/lib/a.py', '.coverage']) put(path, 'mine\n');
    put('.venv/mine.py', 'mine\n');
    expect(await found()).toEqual([
      '4 untracked files: .coverage, .venv/mine.py, build/lib/a.py, …',
      '1 ignored file: agent.pid',
    ]);
  });

  it('is no stash that was popped and committed elsewhere, and no commit without content of its own', async () => {
    put('README.md', 'popped\n');
    git('stash', 'push', '--quiet');
    git('stash', 'pop', '--quiet');
    git('commit', '--quiet', '-am', 'popped');
    git('update-ref', installedRef, 'HEAD');
    git('commit', '--quiet', '--allow-empty', '-m', 'empty');
    git('reset', '--quiet', '--hard', 'HEAD~1');
    git('reflog', 'expire', '--expire=now', '--all');
    expect(await found()).toEqual([]);
    put('README.md', 'with content\n');
    git('commit', '--quiet', '-am', 'with content');
    const lost = short();
    git('reset', '--quiet', '--hard', 'HEAD~1');
    git('reflog', 'expire', '--expire=now', '--all');
    expect(await found()).toEqual([`1 commit that only git fsck finds: ${lost} with content`]);
  });

  it('is a commit of which a repository that goes too, or is gone, or was reset, has the only other copy', async () => {
    commit('pushed');
    const title = `1 commit that exists only here: ${short()} pushed`;
    const remote = join(box.folder, 'remote.git');
    const push = (address: string): void => {
      git('remote', 'remove', 'origin');
      git('remote', 'add', 'origin', address);
      git('push', '--quiet', '--force', 'origin', '99.01');
    };
    git('remote', 'add', 'origin', remote);
    for (const inside of ['build/backup.git', '.git/backup.git']) {
      git('init', '--quiet', '--bare', join(tree, inside));
      push(`./${inside}`);
      expect(await found()).toContain(title);
      rmSync(join(tree, inside), { recursive: true });
    }
    git('init', '--quiet', '--bare', remote);
    push(remote);
    expect(await found()).toEqual([]);
    expect(await workIn(box.world, tree, { ours, removed: box.folder })).toMatchObject([{ summary: title }]);
    git('-C', remote, 'update-ref', '-d', 'refs/heads/99.01');
    expect(await found()).toEqual([title]);
    rmSync(remote, { recursive: true });
    expect(await found()).toEqual([title]);
    // another machine is believed, and that is said
    git('remote', 'set-url', 'origin', 'https://example.com/x.git');
    expect(await found()).toEqual([]);
    git('branch', 'topic');
    expect(await remarksOn(box.world, tree, { ours, branch: '99.01' })).toEqual([
      'Names of commits that exist elsewhere: topic',
      '1 commit on a remote as of the last fetch or push, which was not checked',
    ]);
  });

  it.each([
    ['bisect', () => git('bisect', 'start')],
    [
      'merge of notes',
      () => {
        for (const text of ['one', 'other']) git('notes', `--ref=${text}`, 'add', '-m', text);
        expect(() => git('notes', '--ref=one', 'merge', 'other')).toThrow();
      },
    ],
    [
      'series of commits',
      () => {
        git('checkout', '--quiet', '-b', 'topic');
        for (const text of ['one', 'two']) {
          put('README.md', `${text}\n`);
          git('commit', '--quiet', '-am', text);
        }
        git('checkout', '--quiet', '99.01');
        put('README.md', 'other\n');
        git('commit', '--quiet', '-am', 'other');
        expect(() => git('cherry-pick', '99.01..topic')).toThrow();
      },
    ],
  ])('is a %s under way', async (name, begin) => {
    begin();
    expect(await found()).toContainEqual(expect.stringMatching(`operations? under way: .*${name}`));
  });

  it('is a changed line ending, unless git writes it so', async () => {
    put('README.md', 'as installed\r\n');
    expect(await found()).toEqual(['1 changed file: README.md']);
    writeFileSync(join(box.world.host.home, '.gitconfig'), '[core]\nautocrlf = true\n');
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
