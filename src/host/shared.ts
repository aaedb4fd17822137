// A folder that all users of a machine would share: whose it is, and what of it nobody uses any more.
import { constants } from 'node:fs';
import { access, lstat, readdir, rmdir, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
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

/** True if this user may write a file that is there. */
export async function mayWrite(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/**
 * Removes what this user has in a folder and nobody uses: sockets on which nobody listens, then folders that are
 * empty, the folder itself last. Whatever else is in it stays, and so do the folders around that.
 */
export async function removeUnused(folder: string, uid: number): Promise<void> {
  if ((await ownerOf(folder)) !== uid) return;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await removeUnused(path, uid);
    else if (entry.isSocket() && (await ownerOf(path)) === uid && !(await isHeard(path))) {
      await unlink(path).catch(() => undefined);
    }
  }
  await rmdir(folder).catch(() => undefined);
}

/** Asked by connecting: a list of open sockets would not name those that a container has open. */
function isHeard(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const end = (heard: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(heard);
    };
    const timer = setTimeout(() => end(true), 500);
    socket.once('connect', () => end(true));
    socket.once('error', (error) => end(!hasCode(error, 'ECONNREFUSED', 'ENOENT')));
  });
}
