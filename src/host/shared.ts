// A folder that all users of a machine would share: whose it is, and what of it nobody uses any more.
import { randomBytes } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { access, chmod, lstat, readdir, rmdir, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { filesystemFailure, hasCode, hashOf, makeFolder, removeFile, writeNew } from './files.ts';
import { ownPid, processStart } from './proc.ts';

/** The user to whom a path belongs, without following a link; undefined if there is nothing. */
export async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).uid;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw filesystemFailure('look at', path, error);
  }
}

/** Makes a folder in which every user may make files of their own and nobody remove another's, as /tmp is. */
export async function makeSharedFolder(path: string): Promise<void> {
  if (await makeFolder(path, 0o777)) await chmod(path, 0o1777);
}

/** True if this user may write a file that is there. */
export async function mayWrite(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** Removes a file that belongs to this user; a link, a folder or a file of another user stays. */
export async function removeOwnFile(path: string, uid: number): Promise<void> {
  try {
    const found = await lstat(path);
    if (found.isFile() && found.uid === uid) await unlink(path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw filesystemFailure('remove', path, error);
  }
}

/** A file that says: this process uses the folder. By its ID and its start, as an ID alone is given again. */
const markName = /^\.bai-dev\.(\d+)\.([0-9a-f]{12})\.[0-9a-f]+$/;

/**
 * Makes the folder, and marks it as used until the answer is called or this process ends: nobody's `removeUnused`
 * takes anything of it, or of the folders around it, away. Throws `BAI-FILESYSTEM`.
 */
export async function markUsed(folder: string): Promise<() => Promise<void>> {
  const birth = shortOf((await processStart(ownPid)) ?? '');
  const mark = join(folder, `.bai-dev.${ownPid}.${birth}.${randomBytes(4).toString('hex')}`);
  for (let tries = 1; ; tries += 1) {
    await makeFolder(folder);
    try {
      await writeNew(mark, '');
      return async () => {
        await removeFile(mark);
      };
    } catch (error) {
      // somebody who saw no mark yet has just removed the folder
      if (tries === 5) throw error;
    }
  }
}

/**
 * Removes what this user has in a folder and nobody uses: sockets on which nobody listens, then folders that are
 * empty, the folder itself last. Whatever else is in it stays, and so do the folders around that. Nothing goes while
 * a living process has its mark anywhere in it.
 */
export async function removeUnused(folder: string, uid: number): Promise<void> {
  if (!(await isMarked(folder))) await sweep(folder, uid);
}

async function isMarked(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isDirectory() ? await isMarked(join(folder, entry.name)) : await isLivingMark(entry.name))
      return true;
  }
  return false;
}

async function isLivingMark(name: string): Promise<boolean> {
  const [, pid, birth] = markName.exec(name) ?? [];
  const started = pid === undefined ? undefined : await processStart(Number(pid));
  return started !== undefined && shortOf(started) === birth;
}

async function sweep(folder: string, uid: number): Promise<void> {
  if ((await ownerOf(folder)) !== uid) return;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await sweep(path, uid);
    else if ((await ownerOf(path)) === uid && (await isOver(path, entry)))
      await unlink(path).catch(() => undefined);
  }
  await rmdir(folder).catch(() => undefined);
}

async function isOver(path: string, entry: Dirent): Promise<boolean> {
  if (entry.isSocket()) return !(await isHeard(path));
  return markName.test(entry.name) && !(await isLivingMark(entry.name));
}

const shortOf = (started: string): string => hashOf(started).slice(0, 12);

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
