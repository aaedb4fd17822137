// What a working copy holds that exists nowhere else, and that would be lost with it.
import { join } from 'node:path';
import { kindOf, listFolder } from '../host/files.ts';
import { git } from '../host/git.ts';
import type { World } from '../world.ts';

/** Marks the commit that the install made. */
export const installedRef = 'refs/bai-dev/installed';

export interface Work {
  readonly kind: 'changes' | 'untracked' | 'stash' | 'commits' | 'operation' | 'unknown';
  readonly count: number;
  /** Some of it by name: paths or titles of commits. */
  readonly examples: readonly string[];
  /** A few words: `2 changed files: setup.cfg, README.md`. */
  readonly summary: string;
}

/**
 * Looks at a working copy and changes nothing. A tree that is not there holds no work; one whose repository is
 * gone may hold anything.
 */
export async function workIn(world: World, tree: string): Promise<Work[]> {
  if ((await kindOf(tree)) !== 'folder') return [];
  if ((await kindOf(join(tree, '.git'))) === undefined) {
    const left = await listFolder(tree);
    return left.length === 0
      ? []
      : [work('unknown', left, ['path without a repository', 'paths without a repository'])];
  }
  const lines: Lines = async (...args) =>
    (await git(world, { folder: tree, args })).split('\n').filter((line) => line !== '');
  const status = (
    await git(world, {
      folder: tree,
      args: ['status', '--porcelain', '-z', '--untracked-files=all', '--no-renames'],
    })
  )
    .split('\0')
    .filter((entry) => /^.. ./.test(entry));
  const untracked = status.filter((entry) => entry.startsWith('??')).map(pathOf);
  const changed = status.filter((entry) => !entry.startsWith('??')).map(pathOf);
  const stashes = await lines('stash', 'list', '--format=%gs');
  const commits = await ownCommits(lines);
  const operations = await underWay(tree);
  return [
    ...found('changes', changed, ['changed file', 'changed files']),
    ...found('untracked', untracked, ['untracked file', 'untracked files']),
    ...found('stash', stashes, ['stash', 'stashes']),
    ...found('commits', commits, ['commit that exists only here', 'commits that exist only here']),
    ...found('operation', operations, ['operation under way', 'operations under way']),
  ];
}

/**
 * Commits of any branch, tag or detached HEAD, those among them that only the log of HEAD or of a branch still
 * knows, that neither a remote has nor the install made. What stashes are made of is told as a stash.
 */
async function ownCommits(lines: Lines): Promise<string[]> {
  const known = await lines('for-each-ref', '--format=%(objectname)', installedRef, 'refs/remotes');
  const stashes = new Set(
    (await lines('stash', 'list', '--format=%H %P')).flatMap((line) => {
      // the stash itself, and its parents but the first: the index and the untracked files
      const [stash, , ...parts] = line.split(' ');
      return [stash, ...parts];
    }),
  );
  const not = known.map((commit) => `^${commit}`);
  const commits = await lines('log', '--format=%H %h %s', '--branches', '--tags', '--reflog', ...not, '--');
  return commits.flatMap((line) => {
    const [hash, ...rest] = line.split(' ');
    return stashes.has(hash) ? [] : [rest.join(' ')];
  });
}

type Lines = (...args: string[]) => Promise<string[]>;

/** Names of what git itself remembers as unfinished. */
async function underWay(tree: string): Promise<string[]> {
  const marks = {
    merge: 'MERGE_HEAD',
    rebase: 'rebase-merge',
    'rebase or am': 'rebase-apply',
    'cherry-pick': 'CHERRY_PICK_HEAD',
    revert: 'REVERT_HEAD',
    bisect: 'BISECT_LOG',
  };
  const there = await Promise.all(
    Object.entries(marks).map(async ([name, file]) =>
      (await kindOf(join(tree, '.git', file))) === undefined ? [] : [name],
    ),
  );
  return there.flat();
}

const pathOf = (entry: string): string => entry.slice(3);

/** What it is called when it is one, and when it is more. */
type Words = readonly [one: string, many: string];

function found(kind: Work['kind'], all: readonly string[], words: Words): Work[] {
  return all.length === 0 ? [] : [work(kind, all, words)];
}

function work(kind: Work['kind'], all: readonly string[], [one, many]: Words): Work {
  const examples = all.slice(0, 3);
  const more = all.length > examples.length ? ', …' : '';
  return {
    kind,
    count: all.length,
    examples,
    summary: `${all.length} ${all.length === 1 ? one : many}: ${examples.join(', ')}${more}`,
  };
}
