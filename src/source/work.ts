// What a working copy holds that exists nowhere else, and that would be lost with it.
import { join, resolve } from 'node:path';
import { Failure } from '../failure.ts';
import { kindOf, listFolder } from '../host/files.ts';
import { git } from '../host/git.ts';
import type { World } from '../world.ts';

/** Marks the commit that the install made. */
export const installedRef = 'refs/bai-dev/installed';

/** Below it are those that it marked before a change: what they lead to exists elsewhere as well. */
export const formerRefs = 'refs/bai-dev/former';

/** Marks the commit that a working copy is of by now, and keeps in mind the one before. */
export async function markInstalled(world: World, tree: string, commit: string): Promise<void> {
  const local = async (...args: string[]): Promise<string> =>
    (await git(world, { folder: tree, args, allow: [1] })).trim();
  const before = await local('rev-parse', '--quiet', '--verify', installedRef);
  if (before !== '') await local('update-ref', `${formerRefs}/${before}`, before);
  await local('update-ref', installedRef, commit);
}

export interface Work {
  readonly kind:
    'changes' | 'untracked' | 'ignored' | 'stash' | 'commits' | 'operation' | 'worktree' | 'unknown';
  readonly count: number;
  /** Some of it by name: paths or titles of commits. */
  readonly examples: readonly string[];
  /** A few words: `2 changed files: setup.cfg, README.md`. */
  readonly summary: string;
}

/** A working copy with work in it: a tree, or a submodule of one. */
export interface Workplace {
  readonly path: string;
  readonly work: readonly Work[];
  /** Patterns of ignored files that are none: tools, daemons and bai-dev write them. */
  readonly ours: readonly string[];
}

/**
 * Looks at a working copy and its submodules, and changes nothing; names those that hold work. `ours` as
 * git's exclude file takes patterns.
 */
export async function workplaces(world: World, tree: string, ours: readonly string[]): Promise<Workplace[]> {
  const found: Workplace[] = [];
  const visit = async (path: string, base: string | undefined): Promise<void> => {
    const work = await workIn(world, path, { ours, ...(base === undefined ? {} : { base }) });
    if (work.length > 0) found.push({ path, work, ours });
    if (work.some(({ kind }) => kind === 'unknown')) return;
    for (const inner of await submodulesOf(world, path)) await visit(inner.path, inner.base);
  };
  await visit(tree, undefined);
  return found;
}

export interface Known {
  readonly ours: readonly string[];
  /** A commit that exists elsewhere. */
  readonly base?: string;
}

/**
 * The work in one working copy, without its submodules. A copy that is not there holds none; one whose repository
 * is gone or cannot be read may hold anything.
 */
export async function workIn(world: World, tree: string, known: Known = { ours: [] }): Promise<Work[]> {
  if ((await kindOf(tree)) !== 'folder') return [];
  if ((await kindOf(join(tree, '.git'))) === undefined) {
    const left = await listFolder(tree);
    return found('unknown', left, ['path without a repository', 'paths without a repository']);
  }
  try {
    return await workOf(asker(world, tree), tree, known);
  } catch (error) {
    world.signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    return found('unknown', [error.message], ['repository that cannot be read', '']);
  }
}

/** Paths of a working copy that git does not know: untracked ones, and ignored ones that are not `ours`. */
export async function unknownPaths(
  ask: Asker,
  ours: readonly string[],
): Promise<{ untracked: string[]; ignored: string[] }> {
  const list = async (...args: string[]): Promise<string[]> => parts(await ask('ls-files', '-z', ...args));
  const untracked = await list('--others', '--exclude-standard');
  const all = await list('--others', ...ours.flatMap((pattern) => ['-x', pattern]));
  // what is ignored by a pattern that is not ours may be anything
  return { untracked, ignored: all.filter((path) => !untracked.includes(path)) };
}

/** Runs git in a folder and gives what it printed. */
export type Asker = (...args: string[]) => Promise<string>;

/** An asker that writes nothing by itself; exit status 1 of a question is an answer. */
export const asker =
  (world: World, folder: string): Asker =>
  (...args) =>
    git(world, { folder, args, allow: [1] });

/** Stashes, the newest first. */
export async function stashesOf(ask: Asker): Promise<{ hash: string; parts: string[]; title: string }[]> {
  return lines(await ask('stash', 'list', '--format=%H %P%x09%gs')).map((line) => {
    const [hashes = '', title = ''] = line.split('\t');
    const [hash = '', , ...others] = hashes.split(' ');
    // besides the commit that it was made on it has the index and the untracked files for parents
    return { hash, parts: others, title };
  });
}

/** Hash, short hash and title of commits that neither a remote has nor the install made; without what stashes are. */
export async function ownCommits(ask: Asker, base?: string): Promise<{ hash: string; title: string }[]> {
  const known = lines(
    await ask('for-each-ref', '--format=%(objectname)', installedRef, formerRefs, 'refs/remotes'),
  );
  const stashed = new Set((await stashesOf(ask)).flatMap(({ hash, parts: more }) => [hash, ...more]));
  const not = [...known, ...(base === undefined ? [] : [base])].map((commit) => `^${commit}`);
  // of any branch, tag or detached HEAD, and what only a log of theirs still knows
  const commits = lines(await ask('log', '--format=%H %h %s', '--all', '--reflog', ...not, '--'));
  return commits.flatMap((line) => {
    const [hash = '', ...rest] = line.split(' ');
    return stashed.has(hash) ? [] : [{ hash, title: rest.join(' ') }];
  });
}

/** Working copies elsewhere that share this repository and are still there. */
export async function linkedWorktrees(ask: Asker, tree: string): Promise<string[]> {
  const paths = lines(await ask('worktree', 'list', '--porcelain'))
    .filter((line) => line.startsWith('worktree '))
    .map((line) => line.slice('worktree '.length));
  const [main, ...others] = paths;
  const there = await Promise.all(others.map(kindOf));
  return main === undefined ? [] : others.filter((path, at) => there[at] === 'folder' && path !== tree);
}

async function workOf(ask: Asker, tree: string, { ours, base }: Known): Promise<Work[]> {
  // a submodule's own changes are told of itself
  const status = ['status', '--porcelain', '-z', '--untracked-files=no', '--no-renames'];
  const changed = parts(await ask(...status, '--ignore-submodules=dirty')).map((entry) => entry.slice(3));
  const { untracked, ignored } = await unknownPaths(ask, ours);
  const stashes = (await stashesOf(ask)).map(({ title }) => title);
  const commits = (await ownCommits(ask, base)).map(({ title }) => title);
  return [
    ...found('changes', changed, ['changed file', 'changed files']),
    ...found('untracked', untracked, ['untracked file', 'untracked files']),
    ...found('ignored', ignored, ['ignored file', 'ignored files']),
    ...found('stash', stashes, ['stash', 'stashes']),
    ...found('commits', commits, ['commit that exists only here', 'commits that exist only here']),
    ...found('operation', await underWay(ask, tree), ['operation under way', 'operations under way']),
    ...found('worktree', await linkedWorktrees(ask, tree), ['linked worktree', 'linked worktrees']),
  ];
}

/** Submodules that were fetched, each with the commit that the install's own commit names for it. */
async function submodulesOf(world: World, tree: string): Promise<{ path: string; base?: string }[]> {
  if ((await kindOf(join(tree, '.gitmodules'))) !== 'file') return [];
  const ask = asker(world, tree);
  const links = parts(await ask('ls-files', '-z', '--stage')).filter((entry) => entry.startsWith('160000 '));
  const installed = await ask('rev-parse', '--quiet', '--verify', installedRef);
  const found = await Promise.all(
    links.map(async (entry) => {
      const name = entry.slice(entry.indexOf('\t') + 1);
      const path = join(tree, name);
      if ((await kindOf(join(path, '.git'))) === undefined) return [];
      const base =
        installed === '' ? '' : await ask('rev-parse', '--quiet', '--verify', `${installedRef}:${name}`);
      return [{ path, ...(base === '' ? {} : { base: base.trim() }) }];
    }),
  );
  return found.flat();
}

/** Names of what git itself remembers as unfinished. */
async function underWay(ask: Asker, tree: string): Promise<string[]> {
  const marks = {
    merge: 'MERGE_HEAD',
    rebase: 'rebase-merge',
    'rebase or am': 'rebase-apply',
    'cherry-pick': 'CHERRY_PICK_HEAD',
    revert: 'REVERT_HEAD',
    bisect: 'BISECT_LOG',
  };
  const files = lines(
    await ask('rev-parse', ...Object.values(marks).flatMap((file) => ['--git-path', file])),
  );
  const there = await Promise.all(files.map((file) => kindOf(resolve(tree, file))));
  return Object.keys(marks).filter((_, at) => there[at] !== undefined);
}

/** What it is called when it is one, and when it is more. */
type Words = readonly [one: string, many: string];

function found(kind: Work['kind'], all: readonly string[], [one, many]: Words): Work[] {
  if (all.length === 0) return [];
  const examples = all.slice(0, 3);
  const more = all.length > examples.length ? ', …' : '';
  const summary = `${all.length} ${all.length === 1 ? one : many}: ${examples.join(', ')}${more}`;
  return [{ kind, count: all.length, examples, summary }];
}

const parts = (text: string): string[] => text.split('\0').filter((part) => part !== '');
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
