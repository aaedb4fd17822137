// Second copies of a user's files: counted, and made at the least cost that keeps them whole.
import { constants } from 'node:fs';
import {
  chmod,
  copyFile,
  lchown,
  link,
  lstat,
  lutimes,
  mkdir,
  readdir,
  readlink,
  symlink,
} from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { filesystemFailure, hasCode } from './files.ts';
import { mountsIn } from './mounts.ts';

/** What lies in a place: links count as files and mount points as one each; neither is followed. */
export interface Tally {
  readonly files: number;
  readonly bytes: number;
  /** The first of them by their names, relative to the place; the place itself is the empty string. */
  readonly names: readonly string[];
}

/** How many names a tally gives at most. */
const mostNames = 20;

/**
 * Counts what lies at a path but for some paths, which are not entered. Sockets and pipes hold nothing and do not
 * count. A folder that cannot be listed counts as one file. Nothing is there: zero.
 */
export async function tally(path: string, without: readonly string[] = []): Promise<Tally> {
  const mounts = new Set<string>();
  const left = new Set(without);
  const names: string[] = [];
  let [files, bytes] = [0, 0];
  const count = (relative: string, size: number): void => {
    files += 1;
    bytes += size;
    if (names.length < mostNames) names.push(relative);
  };
  const visit = async (full: string, relative: string): Promise<void> => {
    if (left.has(full)) return;
    const found = await lstat(full);
    if (found.isFile() || found.isSymbolicLink() || mounts.has(full))
      count(relative, found.isFile() ? found.size : 0);
    else if (found.isDirectory()) {
      const inside = await readdir(full).catch((error: unknown) => {
        if (!hasCode(error, 'EACCES', 'EPERM')) throw error;
        count(relative, 0);
        return [];
      });
      for (const name of inside.sort()) await visit(join(full, name), join(relative, name));
    }
  };
  try {
    for (const each of await mountsIn(path)) mounts.add(each);
    await visit(path, '');
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw filesystemFailure('look at', path, error);
  }
  return { files, bytes, names };
}

/** How a second copy is made. */
export interface DuplicateWish {
  /**
   * The files get a second name instead of a copy where the file system allows it: only for originals that are
   * removed next, since a change of one would be a change of both.
   */
  readonly share: boolean;
}

/**
 * Makes a second copy of a file, a link or a folder with all in it: content, modes, times and links as they are, and
 * for root the owners. Copies share their blocks with the original until one of them is changed, where the file system
 * can do that. Sockets, pipes and what is mounted inside are left out. `to` must not exist. Throws `BAI-FILESYSTEM`.
 */
export async function duplicate(from: string, to: string, wish: DuplicateWish): Promise<void> {
  const mounts = new Set(
    await mountsIn(from).catch((error: unknown) => {
      throw filesystemFailure('look at', from, error);
    }),
  );
  const visit = async (source: string, target: string): Promise<void> => {
    try {
      const found = await lstat(source);
      if (found.isDirectory()) {
        await mkdir(target, { mode: 0o700 });
        // one after the other: there may be a million of them
        const names = mounts.has(source) ? [] : await readdir(source);
        for (const name of names) await visit(join(source, name), join(target, name));
      } else if (found.isSymbolicLink()) await symlink(await readlink(source), target);
      else if (!found.isFile()) return;
      else if (wish.share && (await isLinked(source, target))) return;
      else await copyFile(source, target, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
      if (userInfo().uid === 0) await lchown(target, found.uid, found.gid);
      if (!found.isSymbolicLink()) await chmod(target, found.mode & 0o7777);
      await lutimes(target, found.atime, found.mtime);
    } catch (error) {
      throw filesystemFailure('copy', source, error);
    }
  };
  await visit(from, to);
}

/** False where it cannot be: another file system, one without hard links, or a file of another user. */
async function isLinked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) return false;
    throw error;
  }
}

/** True if everything at `from` is at `to` as well: the same file by two names, or one of the same size and time. */
export async function isDuplicate(from: string, to: string): Promise<boolean> {
  try {
    const [one, other] = await Promise.all([lstat(from), lstat(to)]);
    if (one.isDirectory()) {
      if (!other.isDirectory()) return false;
      for (const name of await readdir(from)) {
        if (!(await isDuplicate(join(from, name), join(to, name)))) return false;
      }
      return true;
    }
    if (one.isSymbolicLink()) return (await readlink(from)) === (await readlink(to));
    if (!one.isFile()) return true;
    if (one.dev === other.dev && one.ino === other.ino) return true;
    return other.isFile() && one.size === other.size && Math.abs(one.mtimeMs - other.mtimeMs) < 1;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EINVAL', 'EACCES')) return false;
    throw filesystemFailure('look at', from, error);
  }
}
