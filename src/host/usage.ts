// How much of a disk files occupy, as `du` counts it.
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { filesystemFailure, hasCode } from './files.ts';

/** A file that has several names is counted once for all paths that share this. */
export type Counted = Set<string>;

/**
 * Bytes that a path occupies on disk with all below it: allocated blocks, folders included, links not followed, and a
 * file with several names once. 0 if there is nothing. What vanishes meanwhile or cannot be listed counts as nothing.
 */
export async function usageOf(path: string, counted: Counted = new Set()): Promise<number> {
  try {
    const found = await lstat(path);
    const key = `${found.dev}:${found.ino}`;
    if (!found.isDirectory() && found.nlink > 1) {
      if (counted.has(key)) return 0;
      counted.add(key);
    }
    const own = found.blocks * 512;
    if (!found.isDirectory()) return own;
    let total = own;
    // one folder after the other: a package cache has hundreds of thousands of files
    for (const name of await readdir(path)) total += await usageOf(join(path, name), counted);
    return total;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return 0;
    throw filesystemFailure('look at', path, error);
  }
}
