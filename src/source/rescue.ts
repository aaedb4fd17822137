// Saves the work in working copies before they are removed, in git's own forms, with a script that brings it back.
import { join, relative } from 'node:path';
import { copyWhole } from '../host/copy.ts';
import { kindOf, makeFolder, removeWhole, writeWhole } from '../host/files.ts';
import { publish } from '../host/flush.ts';
import { git } from '../host/git.ts';
import type { World } from '../world.ts';
import { restoreScript, type SavedCopy } from './restoring.ts';
import {
  asker,
  linkedWorktrees,
  ownCommits,
  stashesOf,
  unknownPaths,
  type Asker,
  type Workplace,
} from './work.ts';

export interface RescueWish {
  readonly id: string;
  /** Paths are told, and brought back, relative to it. */
  readonly installPath: string;
  readonly places: readonly Workplace[];
  /** Made whole or not at all. */
  readonly folder: string;
}

/** The name beside others under which one is made; a run that was killed may have left it. */
export const halfRescue = '.partial';

/** References that hold, while a bundle is written, what no branch or tag does. */
const holding = 'refs/bai-dev/rescued';

/**
 * Writes a git bundle with all commits and stashes, a patch of what is staged and one of what is not, and the files
 * that git does not know, for each working copy; gives the command that brings them back into a folder.
 */
export async function rescue(world: World, wish: RescueWish): Promise<{ command: string }> {
  const { id, installPath, places, folder } = wish;
  const partial = join(folder, '..', halfRescue);
  await removeWhole(partial);
  await makeFolder(partial, 0o700);
  const saved: SavedCopy[] = [];
  for (const { path, work, ours } of places) {
    const name = relative(installPath, path);
    const place = name.replaceAll('/', '__');
    await makeFolder(join(partial, place), 0o700);
    const isReadable = work.every(({ kind }) => kind !== 'unknown');
    const copy = { name, place, worktrees: [], stashes: [], remotes: [] };
    if (isReadable) saved.push(await saveRepository(world, { path, ours, copy, into: join(partial, place) }));
    else await copyWhole(path, join(partial, place, 'files'));
    if (!isReadable) saved.push(copy);
  }
  await writeWhole(join(partial, 'restore.sh'), restoreScript(id, saved), 0o700);
  await publish(partial, folder);
  return { command: `sh ${quotedPath(join(folder, 'restore.sh'))} FOLDER` };
}

interface Saving {
  readonly path: string;
  readonly ours: readonly string[];
  readonly copy: SavedCopy;
  readonly into: string;
}

async function saveRepository(world: World, { path, ours, copy, into }: Saving): Promise<SavedCopy> {
  const ask = asker(world, path);
  const stashes = await stashesOf(ask);
  const worktrees = await linkedWorktrees(ask, path);
  const head = await headOf(ask);
  const heads = await Promise.all(worktrees.map((worktree) => headOf(asker(world, worktree))));
  await bundle(world, {
    path,
    file: join(into, 'repository.bundle'),
    held: [
      ...[head, ...heads].flatMap(({ commit }) => (commit === undefined ? [] : [commit])),
      ...stashes.map(({ hash }) => hash),
      ...(await ownCommits(ask)).map(({ hash }) => hash),
    ],
  });
  await saveFiles(world, { ask, path, ours, into });
  const linked: SavedCopy['worktrees'][number][] = [];
  for (const [at, worktree] of worktrees.entries()) {
    const place = `worktree-${at + 1}`;
    await makeFolder(join(into, place), 0o700);
    await saveFiles(world, {
      ...{ ask: asker(world, worktree), path: worktree, ours, into: join(into, place) },
    });
    const { commit } = heads[at] ?? {};
    if (commit !== undefined) linked.push({ place, commit });
  }
  return {
    ...copy,
    ...{ head, worktrees: linked },
    remotes: await remotesOf(ask),
    stashes: stashes.map(({ hash, title }) => ({ hash, title })),
  };
}

/** The commit that is checked out, and its branch; neither where nothing was committed yet. */
async function headOf(ask: Asker): Promise<NonNullable<SavedCopy['head']>> {
  const [commit, branch] = [
    (await ask('rev-parse', '--quiet', '--verify', 'HEAD')).trim(),
    (await ask('symbolic-ref', '--quiet', '--short', 'HEAD')).trim(),
  ];
  return { ...(commit === '' ? {} : { commit }), ...(branch === '' ? {} : { branch }) };
}

async function remotesOf(ask: Asker): Promise<{ name: string; url: string }[]> {
  const names = (await ask('remote')).split('\n').filter((name) => name !== '');
  return Promise.all(
    names.map(async (name) => ({ name, url: (await ask('remote', 'get-url', name)).trim() })),
  );
}

interface Bundling {
  readonly path: string;
  readonly file: string;
  /** Commits that must be in it. */
  readonly held: readonly string[];
}

/** Everything that no remote has. Nothing is written where remotes have it all. */
async function bundle(world: World, { path, file, held }: Bundling): Promise<void> {
  const run = (...args: string[]): Promise<string> => git(world, { folder: path, args });
  const references = [...new Set(held)].map((hash) => ({ name: `${holding}/${hash}`, hash }));
  const chosen = ['--exclude=refs/remotes/*', '--exclude=refs/stash', '--all', '--not', '--remotes'];
  try {
    for (const { name, hash } of references) await run('update-ref', name, hash);
    if ((await run('rev-list', '--max-count=1', ...chosen)) === '') return;
    await run('bundle', 'create', '--quiet', file, ...chosen);
    await run('bundle', 'verify', '--quiet', file);
  } finally {
    for (const { name } of references) await run('update-ref', '-d', name);
  }
}

interface FilesWish {
  readonly ask: Asker;
  readonly path: string;
  readonly ours: readonly string[];
  readonly into: string;
}

async function saveFiles(world: World, { ask, path, ours, into }: FilesWish): Promise<void> {
  const unmerged = await ask('ls-files', '--unmerged');
  const hasCommit = (await ask('rev-parse', '--quiet', '--verify', 'HEAD')) !== '';
  const diff = async (name: string, ...what: string[]): Promise<void> => {
    const output = `--output=${join(into, name)}`;
    const form = ['--binary', '--full-index', '--no-ext-diff', '--no-textconv', '--no-color', '--no-renames'];
    const sides = ['--src-prefix=a/', '--dst-prefix=b/', '--ignore-submodules=dirty'];
    await git(world, { folder: path, args: ['diff', ...form, ...sides, output, ...what] });
  };
  // in the midst of a merge there is no one index: all changes are then told against the last commit
  if (unmerged !== '' && hasCommit) await diff('changes.patch', 'HEAD');
  else {
    await diff('staged.patch', '--cached');
    await diff('changes.patch');
  }
  const { untracked, ignored } = await unknownPaths(ask, ours);
  for (const name of [...untracked, ...ignored]) {
    const to = join(into, 'files', name);
    await makeFolder(join(to, '..'));
    if ((await kindOf(to)) === undefined) await copyWhole(join(path, name), to);
  }
}

/** As a shell reads it, with nothing to be replaced. */
const quotedPath = (path: string): string =>
  /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
