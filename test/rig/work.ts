// The states in which a working copy holds work that exists nowhere else, made as a developer makes them.
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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

/** Each with the words by which a refusal names it. */
export const workStates: readonly (readonly [name: string, told: RegExp, make: (tree: string) => void])[] = [
  ['a changed file', /1 changed file: PKG-INFO$/, (tree) => appendFileSync(join(tree, 'PKG-INFO'), 'x\n')],
  ['a new file', /1 untracked file: idea\.py$/, (tree) => writeFileSync(join(tree, 'idea.py'), 'x\n')],
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
    /1 stash: On 99\.01: half an idea$/,
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
      gitIn(tree, 'checkout', '--quiet', '99.01');
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
      gitIn(tree, 'checkout', '--quiet', '-b', 'topic');
      appendFileSync(join(tree, 'PKG-INFO'), 'theirs\n');
      commitAll(tree, 'theirs');
      gitIn(tree, 'checkout', '--quiet', '99.01');
      appendFileSync(join(tree, 'PKG-INFO'), 'ours\n');
      commitAll(tree, 'ours');
      try {
        gitIn(tree, 'rebase', 'topic');
      } catch {
        return; // the conflict that is wanted
      }
      throw new Error('the rebase met no conflict');
    },
  ],
  [
    'a linked worktree elsewhere',
    /1 linked worktree: .*\.linked$/,
    (tree) => void gitIn(tree, 'worktree', 'add', '--quiet', '--detach', linkedOf(tree)),
  ],
];

const linkedOf = (tree: string): string => `${tree}.linked`;

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
