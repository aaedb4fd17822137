// Users of this machine, what is given to them, and copies that cost no room.
import { constants, type Dirent } from 'node:fs';
import { chown, copyFile, link, mkdir, readFile, readdir, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { filesystemFailure } from './files.ts';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** A user of that name in /etc/passwd; users from elsewhere are not looked for. */
export async function findUser(name: string): Promise<User | undefined> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const fields = text
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
    ?.split(':');
  const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])];
  return Number.isInteger(uid) && Number.isInteger(gid) ? { name, uid, gid } : undefined;
}

/**
 * As whom root runs servers that refuse to run as root: bai-dev's own system user if there is one, else `nobody`.
 */
export async function serverUser(): Promise<User> {
  return (
    (await findUser('bai-dev')) ?? (await findUser('nobody')) ?? { name: '65534', uid: 65534, gid: 65534 }
  );
}

/** Gives one file or folder to a user, not what lies inside. Only root can. */
export async function giveTo(path: string, { uid, gid }: User): Promise<void> {
  await chown(path, uid, gid).catch((error: unknown) => {
    throw filesystemFailure('give away', path, error);
  });
}

/**
 * Makes a folder that holds the same files as another, by second names where both lie on one file system, else as
 * copies. `to` must not exist.
 */
export async function shareFolder(from: string, to: string): Promise<void> {
  try {
    await mkdir(to, { mode: 0o755 });
    const entries = await readdir(from, { withFileTypes: true });
    await Promise.all(entries.map((entry) => share(entry, join(from, entry.name), join(to, entry.name))));
  } catch (error) {
    throw filesystemFailure('make', to, error);
  }
}

async function share(entry: Dirent, source: string, target: string): Promise<void> {
  if (entry.isDirectory()) await shareFolder(source, target);
  else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
  else await link(source, target).catch(() => copyFile(source, target, constants.COPYFILE_FICLONE));
}
