// Puts saved files back over a folder that may have changed since: nothing that is only there is touched.
import { chmod, lchown, lstat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { hashOfFile } from './copy.ts';
import { duplicate } from './duplicate.ts';
import { filesystemFailure, kindOf, listFolder, makeFolder, moveOver, removeWhole } from './files.ts';

export interface Overlaid {
  /** Files and links that were put where there was none. */
  readonly restored: number;
  /** Files and links whose other content gave way to the saved one. */
  readonly replaced: number;
  /** What was in the way and is kept under this name beside it. */
  readonly aside: readonly string[];
  /** Links to elsewhere in place of a saved folder: nothing is written there. */
  readonly left: readonly string[];
}

/**
 * Gives `to` all files, links and empty folders of `from`, with their modes and times. With `keep`, other content in
 * their places is moved to a name that ends so; without it is replaced, but for folders in place of files. Each file is
 * replaced as a whole; running it again finishes what was interrupted. Throws `BAI-FILESYSTEM`.
 */
export async function overlay(from: string, to: string, keep?: string): Promise<Overlaid> {
  const done = { restored: 0, replaced: 0, aside: [] as string[], left: [] as string[] };
  const putAside = async (path: string, ending: string): Promise<void> => {
    const other = `${path}${ending}`;
    // what an interrupted run put there is the original
    if ((await kindOf(other)) === undefined) {
      await moveOver(path, other);
      done.aside.push(other);
    } else await removeWhole(path);
  };
  const put = async (source: string, target: string): Promise<void> => {
    const partial = join(dirname(target), `.bai-dev-restored.${process.pid}`);
    await removeWhole(partial);
    await duplicate(source, partial, { share: false });
    await moveOver(partial, target);
  };
  const visit = async (source: string, target: string): Promise<void> => {
    const [wanted, there] = await Promise.all([kindOf(source), kindOf(target)]);
    if (wanted === 'folder') {
      if (there === 'link') return void done.left.push(target);
      if (there !== undefined && there !== 'folder') await putAside(target, keep ?? '.before-restore');
      if (there !== 'folder') await makeLike(source, target);
      for (const name of await listFolder(source)) await visit(join(source, name), join(target, name));
      return;
    }
    if (wanted !== 'file' && wanted !== 'link') return;
    if (there === undefined) {
      await put(source, target);
      done.restored += 1;
      return;
    }
    if (there === wanted && (await hashOfFile(source)) === (await hashOfFile(target))) return;
    if (keep !== undefined || there === 'folder') await putAside(target, keep ?? '.before-restore');
    await put(source, target);
    done.replaced += 1;
  };
  for (const name of await listFolder(from)) await visit(join(from, name), join(to, name));
  return done;
}

async function makeLike(source: string, target: string): Promise<void> {
  try {
    const { mode, uid, gid } = await lstat(source);
    await makeFolder(target);
    if (userInfo().uid === 0) await lchown(target, uid, gid);
    await chmod(target, mode & 0o7777);
  } catch (error) {
    throw filesystemFailure('make', target, error);
  }
}
