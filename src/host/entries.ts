// Folders entry by entry, and files as git identifies them.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { filesystemFailure, hasCode } from './files.ts';

export interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
}

/** What a folder holds, sorted by name; nothing if there is no such folder. Links are not followed. */
export async function entriesOf(folder: string): Promise<Entry[]> {
  try {
    const found = (await readdir(folder, { withFileTypes: true })).map((entry): Entry => ({
      name: entry.name,
      kind: entry.isDirectory()
        ? 'folder'
        : entry.isFile()
          ? 'file'
          : entry.isSymbolicLink()
            ? 'link'
            : 'other',
    }));
    return found.sort((one, other) => (one.name < other.name ? -1 : 1));
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw filesystemFailure('list', folder, error);
  }
}

/** The first bytes of a regular file, one character each; empty if there is none or it cannot be read. */
export async function beginningOf(path: string, bytes: number): Promise<string> {
  try {
    if (!(await lstat(path)).isFile()) return '';
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
      return buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}

export interface Blob {
  /** As git writes it: `100644`, `100755`, `120000`; `040000` for a folder. */
  readonly mode: string;
  /** Of the bytes as they are, without line endings or filters being applied; empty for a folder. */
  readonly hash: string;
  readonly size: number;
}

/** What lies at a path as git would store it; undefined if nothing does. */
export async function blobAt(path: string, algorithm: 'sha1' | 'sha256'): Promise<Blob | undefined> {
  try {
    const found = await lstat(path);
    if (found.isDirectory()) return { mode: '040000', hash: '', size: 0 };
    if (found.isSymbolicLink()) {
      const target = await readlink(path, { encoding: 'buffer' });
      const hash = begun(algorithm, target.length).update(target).digest('hex');
      return { mode: '120000', hash, size: target.length };
    }
    // a pipe would never end
    if (!found.isFile()) return { mode: '', hash: '', size: 0 };
    const hash = begun(algorithm, found.size);
    await pipeline(createReadStream(path), hash, { end: false });
    const mode = (found.mode & 0o100) === 0 ? '100644' : '100755';
    return { mode, hash: hash.digest('hex'), size: found.size };
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw filesystemFailure('read', path, error);
  }
}

const begun = (algorithm: string, size: number): Hash => createHash(algorithm).update(`blob ${size}\0`);
