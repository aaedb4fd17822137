// Whole folders: copied as they are, listed, and known by the hash of every file.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, lchown, lstat, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { filesystemFailure } from './files.ts';

/** To whom a copy belongs; only root can give it to another. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Copies a file, a link or a folder with all in it: content, modes and links as they are. For root the copies belong
 * to whom the originals do, or all to `owner`. Sockets and pipes are left out. `to` must not exist.
 */
export async function copyWhole(from: string, to: string, owner?: Owner): Promise<void> {
  try {
    const found = await lstat(from);
    if (found.isDirectory()) {
      await mkdir(to, { mode: 0o700 });
      const names = await readdir(from);
      await Promise.all(names.map((name) => copyWhole(join(from, name), join(to, name), owner)));
    } else if (found.isSymbolicLink()) await symlink(await readlink(from), to);
    else if (found.isFile()) await copyFile(from, to);
    else return;
    if (isRoot()) await lchown(to, owner?.uid ?? found.uid, owner?.gid ?? found.gid);
    // after its content, as the folder may be closed even to us; a change of owner takes bits away
    if (!found.isSymbolicLink()) await chmod(to, found.mode & 0o7777);
  } catch (error) {
    throw filesystemFailure('copy', from, error);
  }
}

/** The paths of all files and links below a folder, relative to it, sorted. */
export async function filesBelow(folder: string): Promise<string[]> {
  const visit = async (path: string): Promise<string[]> => {
    const entries = await readdir(join(folder, path), { withFileTypes: true });
    const found = await Promise.all(
      entries.map(async (entry) => {
        const inner = join(path, entry.name);
        return entry.isDirectory() ? visit(inner) : [inner];
      }),
    );
    return found.flat();
  };
  try {
    return (await visit('')).sort();
  } catch (error) {
    throw filesystemFailure('list', folder, error);
  }
}

/** SHA-256 of a file's content, or of where a link leads, as hexadecimal digits. */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    if ((await lstat(path)).isSymbolicLink()) hash.update(await readlink(path));
    else await pipeline(createReadStream(path), hash, { end: false });
    return hash.digest('hex');
  } catch (error) {
    throw filesystemFailure('read', path, error);
  }
}

/** The owner of what lies at a path. */
export async function ownerAt(path: string): Promise<Owner> {
  try {
    const { uid, gid } = await lstat(path);
    return { uid, gid };
  } catch (error) {
    throw filesystemFailure('look at', path, error);
  }
}

const isRoot = (): boolean => userInfo().uid === 0;
