// The states in which a working copy holds work that exists nowhere else, made as a developer makes them.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** Runs git in a tree as a developer with a name. */
export function gitIn(tree: string, ...args: readonly string[]): string {
  const person = ['-c', 'user.name=developer', '-c', 'user.email=developer@localhost'];
  return execFileSync('git', ['-C', tree, ...person, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const commit = (tree: string, title: string): string =>
  gitIn(tree, 'commit', '--quiet', '--allow-empty', '-m', title);

/** The branch that the install made, checked out while nobody has worked yet. */
const installedBranch = (tree: string): string =>
  gitIn(tree, 'branch', '--list', '--format=%(refname:short)', '[0-9]*').trim();

export type WorkState = readonly [name: string, told: RegExp, make: (tree: string) => void];

/**
 * Each with the words by which a refusal names it when it is the only one. In this order all of them can be made in one
 * tree.
 */
export const workStates: readonly WorkState[] = [
  [
    'an ignored file',
    /1 ignored file: notes\.txt$/,
    (tree) => {
      appendFileSync(join(tree, '.git/info/exclude'), 'notes.txt\n');
      writeFileSync(join(tree, 'notes.txt'), 'x\n');
    },
  ],
  [
    'a stash',
    /1 stash: On \d\d\.\d\d: half an idea$/,
    (tree) => {
      appendFileSync(join(tree, 'PKG-INFO'), 'x\n');
      gitIn(tree, 'stash', 'push', '--quiet', '-m', 'half an idea');
    },
  ],
  [
    'a commit on a branch that is not checked out',
    /1 commit that exists only here: \w+ on a branch$/,
    (tree) => {
      gitIn(tree, 'checkout', '--quiet', '-b', 'topic');
      commit(tree, 'on a branch');
      gitIn(tree, 'checkout', '--quiet', installedBranch(tree));
    },
  ],
  [
    'a commit on no branch',
    /1 commit that exists only here: \w+ on none$/,
    (tree) => {
      gitIn(tree, 'checkout', '--quiet', '--detach');
      commit(tree, 'on none');
    },
  ],
  [
    'a rebase in its midst',
    /1 operation under way: rebase$/,
    (tree) => {
      const branch = installedBranch(tree);
      gitIn(tree, 'checkout', '--quiet', '-b', 'theirs', branch);
      appendFileSync(join(tree, 'PKG-INFO'), 'theirs\n');
      commitAll(tree, 'theirs');
      gitIn(tree, 'checkout', '--quiet', branch);
      appendFileSync(join(tree, 'PKG-INFO'), 'ours\n');
      commitAll(tree, 'ours');
      try {
        gitIn(tree, 'rebase', 'theirs');
      } catch {
        return; // the conflict that is wanted
      }
      throw new Error('the rebase met no conflict');
    },
  ],
  ['a changed file', /1 changed file: PKG-INFO$/, (tree) => appendFileSync(join(tree, 'PKG-INFO'), 'x\n')],
  ['a new file', /1 untracked file: idea\.py$/, (tree) => writeFileSync(join(tree, 'idea.py'), 'x\n')],
  [
    'a linked worktree elsewhere',
    /1 linked worktree: .*\.linked$/,
    (tree) => void gitIn(tree, 'worktree', 'add', '--quiet', '--detach', linkedOf(tree)),
  ],
];

/** Kinds of work, in the words of a refusal, of a tree in which all of the states were made, hidden ones too. */
export const allWork: readonly RegExp[] = [
  /4 changed files: PKG-INFO, /,
  /1 untracked file: idea\.py$/,
  /8 ignored files: /,
  /2 repositories inside: \.venv\/src\/tool\.git, build\/mine$/,
  /1 stash: On \d\d\.\d\d: half an idea$/,
  /1 dropped stash: \w+ On \d\d\.\d\d: thrown away$/,
  /5 commits that exist only here: /,
  /3 tags that exist only here: a-folder, a-text, milestone$/,
  /1 reference with notes: refs\/notes\/commits$/,
  /1 replace reference: refs\/replace\/\w+$/,
  /1 reference of its own kind: refs\/mine\/idea$/,
  /1 operation under way: rebase$/,
  /1 linked worktree: .*\.linked$/,
  /1 hook: pre-commit$/,
  /1 setting in \.git\/config: alias\.mine$/,
  /2 lines in \.git\/info\/exclude: /,
  /1 file in \.git: notes\.txt$/,
  /1 large file that may exist only here: /,
];

/** What a developer has in a tree: references, stashes, and every file that is not of the install alone. */
export function workOf(tree: string): Readonly<Record<string, unknown>> {
  const lines = (...args: readonly string[]): string[] =>
    gitIn(tree, ...args)
      .trim()
      .split('\n');
  return {
    head: gitIn(tree, 'rev-parse', 'HEAD'),
    references: lines('for-each-ref'),
    stashes: lines('stash', 'list', '--format=%H %gs'),
    settings: lines('config', '--local', '--list'),
    index: lines('ls-files', '--stage', '-v'),
    files: Object.fromEntries(filesIn(tree).map((name) => [name, contentOf(join(tree, name))])),
  };
}

/** Tracked files, and what the states put there. */
function filesIn(tree: string): string[] {
  const own = ['idea.py', 'notes.txt', '.git/notes.txt', '.git/hooks/pre-commit', '.git/info/exclude'];
  own.push('build/mine/idea.txt', 'build/mine/.git/HEAD', '.venv/src/tool.git/HEAD', ...ownPaths);
  const tracked = gitIn(tree, 'ls-files', '-z').split('\0');
  return [...new Set([...tracked, ...own])].filter((name) => name !== '');
}

/** Files of a developer's own where tools write. */
export const ownPaths = [
  '.mypy_cache/notes.md',
  '__pycache__/notes.md',
  'build/notes.md',
  'dist/mine.txt',
  'foo.egg-info/mine.txt',
  'logs/mine.txt',
  'scratches/mine.txt',
];

/** Where the linked worktree of a tree is put. */
export const linkedOf = (tree: string): string => `${tree}.linked`;

function commitAll(tree: string, title: string): void {
  gitIn(tree, 'commit', '--quiet', '-a', '-m', title);
}

/** Does something with a tree and leaves it exactly as it was. */
export async function withCopyOf<T>(trees: readonly string[], use: () => Promise<T>): Promise<T> {
  for (const tree of trees) cpSync(tree, `${tree}.kept`, { recursive: true, verbatimSymlinks: true });
  try {
    return await use();
  } finally {
    for (const tree of trees) {
      for (const path of [tree, linkedOf(tree)]) rmSync(path, { recursive: true, force: true });
      renameSync(`${tree}.kept`, tree);
    }
  }
}

function contentOf(path: string): string {
  // in a linked worktree .git is a file
  const kind = existsSync(path) ? lstatSync(path) : undefined;
  if (kind === undefined || kind.isDirectory()) return 'none';
  return kind.isSymbolicLink() ? `link ${readlinkSync(path)}` : hash(readFileSync(path));
}

const hash = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
