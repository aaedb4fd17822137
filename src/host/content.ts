// Files by what is in them: small texts, and files of a known hash somewhere below a folder.
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hashOfFile } from './copy.ts';
import { filesystemFailure, hasCode } from './files.ts';

/** The text of a file of at most so many bytes; undefined if there is none or it is larger. */
export async function readSmall(path: string, most: number): Promise<string | undefined> {
  try {
    return (await stat(path)).size <= most ? await readFile(path, 'utf8') : undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP')) return undefined;
    throw filesystemFailure('read', path, error);
  }
}

/** What a file that is looked for is known by. */
export interface Content {
  readonly sha256: string;
  readonly size: number;
}

/** Paths of regular files below a folder with these contents, by their SHA-256; links are not followed. */
export async function findContents(
  folder: string,
  wanted: readonly Content[],
): Promise<ReadonlyMap<string, string>> {
  const hashes = new Set(wanted.map(({ sha256 }) => sha256));
  const sizes = new Set(wanted.map(({ size }) => size));
  const found = new Map<string, string>();
  try {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || !sizes.has((await stat(path)).size)) continue;
      const sha256 = await hashOfFile(path);
      if (hashes.has(sha256)) found.set(sha256, path);
    }
  } catch (error) {
    throw filesystemFailure('read', folder, error);
  }
  return found;
}
