// States with work that `git status` does not show, made as a developer makes them.
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gitIn, ownPaths, type WorkState } from './work.ts';

/** The mark of the commit that the install made. */
const installed = 'refs/bai-dev/installed';

const put = (tree: string, path: string, text: string): void => {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
};

/** A tracked file that no other state changes. */
const tracked = (tree: string, nth: number): string =>
  gitIn(tree, 'ls-files', '-z')
    .split('\0')
    .filter((path) => /\.(py|toml|cfg|md|txt)$/.test(path))
    .at(-1 - nth)!;

/** A commit that no branch has and no log. */
const looseCommit = (tree: string, title: string): string =>
  gitIn(tree, 'commit-tree', '-p', installed, '-m', title, `${installed}^{tree}`).trim();

/** The object of a text. */
function blob(tree: string, text: string): string {
  put(tree, '.git/bai-dev-test', text);
  const hash = gitIn(tree, 'hash-object', '-w', '.git/bai-dev-test').trim();
  rmSync(join(tree, '.git/bai-dev-test'));
  return hash;
}

function repository(path: string, ...options: readonly string[]): void {
  mkdirSync(path, { recursive: true });
  gitIn(path, 'init', '--quiet', ...options);
}

/** These come before all others where several are made in one tree. */
export const hiddenStates: readonly WorkState[] = [
  [
    'a dropped stash',
    /1 dropped stash: \w+ On \d\d\.\d\d: thrown away$/,
    (tree) => {
      appendFileSync(join(tree, 'PKG-INFO'), 'dropped\n');
      gitIn(tree, 'stash', 'push', '--quiet', '-m', 'thrown away');
      gitIn(tree, 'stash', 'drop', '--quiet');
    },
  ],
  [
    'an annotated tag',
    /1 tag that exists only here: milestone$/,
    (tree) => void gitIn(tree, 'tag', '-a', '-m', 'reached', 'milestone', installed),
  ],
  [
    'a tag of a text',
    /1 tag that exists only here: a-text$/,
    (tree) => void gitIn(tree, 'tag', 'a-text', blob(tree, 'a text\n')),
  ],
  [
    'a tag of a folder',
    /1 tag that exists only here: a-folder$/,
    (tree) => void gitIn(tree, 'tag', 'a-folder', `${installed}^{tree}`),
  ],
  [
    'notes',
    /1 reference with notes: refs\/notes\/commits$/,
    (tree) => void gitIn(tree, 'notes', 'add', '-m', 'remember', installed),
  ],
  [
    'a replace reference',
    /1 replace reference: refs\/replace\/\w+$/,
    (tree) => void gitIn(tree, 'replace', blob(tree, 'one\n'), blob(tree, 'other\n')),
  ],
  [
    'a reference of its own kind',
    /1 reference of its own kind: refs\/mine\/idea$/,
    (tree) => void gitIn(tree, 'update-ref', 'refs/mine/idea', installed),
  ],
  [
    'a commit that only a stale reference of a remote has',
    /1 commit that exists only here: \w+ stale$/,
    (tree) => void gitIn(tree, 'update-ref', 'refs/remotes/gone/topic', looseCommit(tree, 'stale')),
  ],
  [
    'a repository in an ignored folder',
    /1 repository inside: build\/mine$/,
    (tree) => {
      repository(join(tree, 'build/mine'));
      put(tree, 'build/mine/idea.txt', 'mine\n');
    },
  ],
  [
    'a bare repository in the folder of a virtualenv',
    /1 repository inside: \.venv\/src\/tool\.git$/,
    (tree) => repository(join(tree, '.venv/src/tool.git'), '--bare'),
  ],
  [
    'files of its own where tools write',
    /7 (ignored|untracked) files: \.mypy_cache\/notes\.md, __pycache__\/notes\.md, build\/notes\.md, …$/,
    (tree) => {
      for (const path of ownPaths) put(tree, path, 'mine\n');
    },
  ],
  [
    'a hook',
    /1 hook: pre-commit$/,
    (tree) => {
      put(tree, '.git/hooks/pre-commit', '#!/bin/sh\nexit 0\n');
      put(tree, '.git/hooks/pre-push.sample', '#!/bin/sh\nexit 0\n');
    },
  ],
  [
    'a setting',
    /1 setting in \.git\/config: alias\.mine$/,
    (tree) => void gitIn(tree, 'config', 'alias.mine', 'status --short'),
  ],
  [
    'a pattern',
    /1 line in \.git\/info\/exclude: \/mine\.txt$/,
    (tree) => {
      mkdirSync(join(tree, '.git/info'), { recursive: true });
      appendFileSync(join(tree, '.git/info/exclude'), '/mine.txt\n');
    },
  ],
  [
    'a file in the folder of the repository',
    /1 file in \.git: notes\.txt$/,
    (tree) => put(tree, '.git/notes.txt', 'mine\n'),
  ],
  [
    'a large file of LFS that was not pushed',
    /1 large file that may exist only here: abababababab$/,
    (tree) => put(tree, `.git/lfs/objects/ab/ab/${'ab'.repeat(32)}`, 'large\n'),
  ],
];

/** These come after all others: a stash or a checkout would undo them. */
export const lateStates: readonly WorkState[] = [
  [
    'an edit under assume-unchanged',
    /1 changed file: \S+$/,
    (tree) => {
      gitIn(tree, 'update-index', '--assume-unchanged', tracked(tree, 0));
      appendFileSync(join(tree, tracked(tree, 0)), '\n# assumed unchanged\n');
    },
  ],
  [
    'an edit under skip-worktree',
    /1 changed file: \S+$/,
    (tree) => {
      gitIn(tree, 'update-index', '--skip-worktree', tracked(tree, 1));
      appendFileSync(join(tree, tracked(tree, 1)), '\n# skipped\n');
    },
  ],
  [
    'a content that is only staged',
    /1 changed file: \S+$/,
    (tree) => {
      const path = join(tree, tracked(tree, 2));
      const before = readFileSync(path);
      appendFileSync(path, '\n# only staged\n');
      gitIn(tree, 'add', path);
      writeFileSync(path, before);
    },
  ],
];
