// Whole folders: copied as they are, listed, and known by the hash of every file.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  chmod,
  constants,
  copyFile,
  lchown,
  lstat,
  mkdir,
  readdir,
  readlink,
  symlink,
} from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { filesystemFailure } from './files.ts';

/** To whom a copy belongs; only root can give it to another. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface Copying extends Partial<Owner> {
  /** True for what is not copied, by its path below the folder that is. */
  readonly leave?: (path: string) => boolean;
}

/**
 * Copies a file, a link or a folder with all in it: content, modes and links as they are. For root the copies belong
 * to whom the originals do, or all to one owner. Sockets and pipes are left out. `to` must not exist.
 */
export async function copyWhole(from: string, to: string, copying: Copying = {}): Promise<void> {
  const { leave, uid, gid } = copying;
  // names need not be UTF-8, so paths are bytes here
  const copy = async (source: Buffer, target: Buffer, path: string): Promise<void> => {
    const found = await lstat(source);
    if (found.isDirectory()) {
      await mkdir(target, { mode: 0o700 });
      const names = await readdir(source, { encoding: 'buffer' });
      await Promise.all(
        names.map(async (name) => {
          const inner = path === '' ? name.toString() : `${path}/${name.toString()}`;
          if (leave?.(inner) !== true) await copy(below(source, name), below(target, name), inner);
        }),
      );
    } else if (found.isSymbolicLink()) {
      await symlink(await readlink(source, { encoding: 'buffer' }), target);
    } else if (found.isFile()) await copyFile(source, target, constants.COPYFILE_FICLONE);
    else return;
    if (isRoot()) await lchown(target, uid ?? found.uid, gid ?? found.gid);
    // after its content, as the folder may be closed even to us; a change of owner takes bits away
    if (!found.isSymbolicLink()) await chmod(target, found.mode & 0o7777);
  };
  try {
    await copy(Buffer.from(from), Buffer.from(to), '');
  } catch (error) {
    throw filesystemFailure('copy', from, error);
  }
}

const below = (folder: Buffer, name: Buffer): Buffer => Buffer.concat([folder, Buffer.from('/'), name]);

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
