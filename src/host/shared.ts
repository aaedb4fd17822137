// A folder that all users of a machine would share: whose it is, and what of it nobody uses any more.
import { lstat, readFile, readdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { filesystemFailure, hasCode } from './files.ts';

/** The user to whom a path belongs, without following a link; undefined if there is nothing. */
export async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).uid;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw filesystemFailure('look at', path, error);
  }
}

/**
 * Removes what this user has in a folder and nobody uses: sockets on which nobody listens, then folders that are
 * empty, the folder itself last. Whatever else is in it stays, and so do the folders around that.
 */
export async function removeUnused(folder: string, uid: number): Promise<void> {
  const bound = await boundSockets();
  // without the list (only Linux has one) no socket can be told to be unused
  if (bound !== undefined) await sweep(folder, uid, bound);
}

async function sweep(folder: string, uid: number, bound: ReadonlySet<string>): Promise<void> {
  if ((await ownerOf(folder)) !== uid) return;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await sweep(path, uid, bound);
    else if (entry.isSocket() && !bound.has(path) && (await ownerOf(path)) === uid) {
      await unlink(path).catch(() => undefined);
    }
  }
  await rmdir(folder).catch(() => undefined);
}

/** The paths of all Unix sockets that somebody has open. */
async function boundSockets(): Promise<ReadonlySet<string> | undefined> {
  const table = await readFile('/proc/net/unix', 'utf8').catch(() => undefined);
  if (table === undefined) return undefined;
  return new Set(table.split('\n').map((line) => line.slice(line.indexOf('/')).trim()));
}
