// Large files that git keeps elsewhere (LFS): brought by git-lfs, else out of the packages that were made of the tree.
import { dirname, join } from 'node:path';
import { Failure } from '../failure.ts';
import { unpackTar, unpackZip } from '../host/archive.ts';
import { readAsset } from '../host/assets.ts';
import { findContents, readSmall } from '../host/content.ts';
import { makeFolder, moveOver, removeFile, removeWhole, writeWhole } from '../host/files.ts';
import { git } from '../host/git.ts';
import { published, type Tree } from '../release/release.ts';
import type { World } from '../world.ts';
import { copiesOf } from './copies.ts';
import { hasGitLfs, pullLargeFiles } from './gitlfs.ts';
import { fetchDistribution } from './pypi.ts';

export interface PointerWish {
  /** What a person calls the tree. */
  readonly name: string;
  readonly tree: Tree;
  /** The working copy; the address that it came from is asked first. */
  readonly partial: string;
  readonly source: { readonly address: string };
  readonly index: string;
  readonly progress: (detail: string) => void;
}

/** What stands in place of a large file: its path, and the SHA-256 and size of what belongs there. */
interface Pointer {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

/**
 * Puts the large files of a working copy in place of their pointers. Each is the very file that its pointer names, so
 * `git status` stays clean, also after the developer's own checkouts. What cannot be had stays a pointer: a warning.
 */
export async function fillPointers(world: World, wish: PointerWish): Promise<void> {
  const { partial, name } = wish;
  const all = await pointersIn(world, partial);
  if (all.length === 0) return;
  wish.progress('large files');
  const own = await hasGitLfs(world);
  await setFilter(world, partial, own);
  const { address } = wish.source;
  const refusal = own ? await pullLargeFiles(world, { folder: partial, address }) : undefined;
  const left = own ? await pointersIn(world, partial) : all;
  const { missing, reason } = await fillFromCopies(world, wish, left);
  const [first] = missing;
  if (first === undefined) return;
  const what =
    missing.length === 1
      ? '1 large file stays a pointer, as no copy of it was'
      : `${missing.length} large files stay pointers, as no copies of them were`;
  const paths = missing.map(({ path }) => path).join(', ');
  const reasons = [refusal, reason].filter((one) => one !== undefined);
  const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
  world.report.emit({
    kind: 'note',
    severity: 'warning',
    message: `${name}: ${what} found${why}: ${paths}`,
  });
}

/** Files that git keeps in LFS and whose pointers lie in the working copy. */
async function pointersIn(world: World, folder: string): Promise<Pointer[]> {
  const listed = await git(world, { folder, args: ['ls-files', '-z', '--', ':(attr:filter=lfs)'] });
  const paths = listed.split('\0').filter((path) => path !== '');
  const texts = await Promise.all(paths.map((path) => readSmall(join(folder, path), 1024)));
  return paths.flatMap((path, at) => {
    const pointer = /^version https:\/\/git-lfs.*\noid sha256:([0-9a-f]{64})\nsize (\d+)\n/.exec(
      texts[at] ?? '',
    );
    return pointer === null ? [] : [{ path, sha256: pointer[1] ?? '', size: Number(pointer[2]) }];
  });
}

/** Settings with which git writes and reads pointers as they are. */
export const unfiltered = ['filter.lfs.smudge=', 'filter.lfs.process=', 'filter.lfs.required=false'] as const;

/** Where our own filter lies in a repository. */
const script = 'bai-dev/lfs.sh';

/** In this repository alone: git-lfs where it is, else a script of ours that does the local half of its work. */
async function setFilter(world: World, folder: string, own: boolean): Promise<void> {
  const ours = (verb: string): string => `sh "$(git rev-parse --git-common-dir)/${script}" ${verb} %f`;
  if (!own) {
    await makeFolder(join(folder, '.git', dirname(script)));
    await writeWhole(join(folder, '.git', script), readAsset(world.host, 'templates/lfs.sh'), 0o755);
  }
  const settings = own
    ? { clean: 'git-lfs clean -- %f', smudge: 'git-lfs smudge -- %f', process: 'git-lfs filter-process' }
    : { clean: ours('clean'), smudge: ours('smudge') };
  for (const [key, value] of Object.entries({ ...settings, required: 'true' })) {
    await git(world, { folder, args: ['config', `filter.lfs.${key}`, value] });
  }
}

async function fillFromCopies(
  world: World,
  wish: PointerWish,
  pointers: readonly Pointer[],
): Promise<{ missing: readonly Pointer[]; reason?: string }> {
  const { tree, partial, index } = wish;
  const scratch = join(partial, '.git', 'bai-dev', 'copies');
  let missing = pointers;
  try {
    if (missing.length === 0) return { missing };
    for (const copy of await copiesOf(world, { tree, index, folder: partial })) {
      if (missing.length === 0) break;
      wish.progress(`large files out of ${copy.file}`);
      const progress = (detail: string): void => wish.progress(detail);
      const archive = await fetchDistribution(world, {
        index,
        name: published(tree).package.name,
        wanted: copy,
        progress,
      });
      await removeWhole(scratch);
      await makeFolder(scratch);
      const unpacking = { archive, folder: scratch, signal: world.signal };
      if (archive.endsWith('.whl')) await unpackZip(unpacking, (path) => path);
      else await unpackTar(unpacking);
      const found = await findContents(scratch, missing);
      for (const [sha256, path] of found) await store(partial, sha256, path);
      await putIn(
        world,
        partial,
        missing.filter(({ sha256 }) => found.has(sha256)),
      );
      missing = missing.filter(({ sha256 }) => !found.has(sha256));
    }
    return { missing };
  } catch (error) {
    world.signal.throwIfAborted();
    if (!(error instanceof Failure) || error.code === 'BAI-FILESYSTEM') throw error;
    return { missing, reason: error.message.replace(/\.$/, '') };
  } finally {
    await removeWhole(scratch);
  }
}

/** Where git-lfs keeps the files of a repository. */
async function store(folder: string, sha256: string, from: string): Promise<void> {
  const place = join(folder, '.git/lfs/objects', sha256.slice(0, 2), sha256.slice(2, 4));
  await makeFolder(place);
  await moveOver(from, join(place, sha256));
}

/** Has git itself put the stored files in place, through the filter; what lies there it would leave as it is. */
async function putIn(world: World, folder: string, pointers: readonly Pointer[]): Promise<void> {
  if (pointers.length === 0) return;
  for (const { path } of pointers) await removeFile(join(folder, path));
  const paths = pointers.map(({ path }) => path);
  await git(world, { folder, args: ['checkout-index', '--force', '--index', '--', ...paths] });
}
