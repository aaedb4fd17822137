// How much disk and memory there is.
import { readFile, stat, statfs } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { filesystemFailure } from './files.ts';

/** The file system on which a path lies or would lie. */
export interface Disk {
  /** Equal for all paths of one file system. */
  readonly device: number;
  /** The nearest folder above the path that exists. */
  readonly folder: string;
  /** Bytes that this user may still write. */
  readonly free: number;
}

/** The file system of a path that need not exist yet. Throws `BAI-FILESYSTEM` if not even `/` can be looked at. */
export async function diskOf(path: string): Promise<Disk> {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      const [{ dev }, { bavail, bsize }] = await Promise.all([stat(folder), statfs(folder)]);
      return { device: dev, folder, free: bavail * bsize };
    } catch (error) {
      // not there, or not to be looked at: what is above it tells as much
      if (folder === dirname(folder)) throw filesystemFailure('look at', folder, error);
    }
  }
}

/** Bytes of memory: what the machine (or the container we are in) has, and what is not in use. */
export async function memory(): Promise<{ readonly total: number; readonly free: number }> {
  const limit = Number(await readFile('/sys/fs/cgroup/memory.max', 'utf8').catch(() => ''));
  const total = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return { total, free: Math.min(freemem(), total) };
}
