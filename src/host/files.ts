// Files and folders, so that a half-written one is never seen under its final name.
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import {
  access,
  link,
  lstat,
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  rm,
  rmdir,
  symlink,
  unlink,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../failure.ts';
import { quoted } from '../quoted.ts';
import { mountsIn } from './mounts.ts';

/**
 * Writes a whole file or nothing: beside it, flushed, renamed, and the folder flushed too, so that it survives
 * a power cut. `mode` defaults to 0600. Throws `BAI-FILESYSTEM`.
 */
export async function writeWhole(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const beside = join(
    dirname(path),
    `.${basename(path)}.${process.pid}.${randomBytes(6).toString('hex')}.partial`,
  );
  try {
    await writeNew(beside, content, mode);
    await rename(beside, path);
    await flushFolder(dirname(path));
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw filesystemFailure('write', path, error);
  }
}

/**
 * Removes what `writeWhole` leaves beside a file when it is killed. Only for whoever is alone with that file: a
 * living writer would lose its half.
 */
export async function removePartials(path: string): Promise<void> {
  const start = `.${basename(path)}.`;
  for (const name of await listFolder(dirname(path))) {
    const rest = name.startsWith(start) ? name.slice(start.length) : '';
    if (/^\d+\.[0-9a-f]+\.partial$/.test(rest)) await removeFile(join(dirname(path), name));
  }
}

/** Writes and flushes a file that must not be there yet. Throws `BAI-FILESYSTEM`. */
export async function writeNew(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  try {
    const file = await open(path, 'wx', mode);
    try {
      await file.chmod(mode); // the umask may have taken bits away
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw filesystemFailure('write', path, error);
  }
}

/** Makes a folder and those above it; true if the last one is new. `mode` holds for new ones. */
export async function makeFolder(path: string, mode = 0o755): Promise<boolean> {
  try {
    return (await mkdir(path, { recursive: true, mode })) !== undefined;
  } catch (error) {
    throw filesystemFailure('make', path, error);
  }
}

/** The text of a file; undefined if there is none. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw filesystemFailure('read', path, error);
  }
}

/** A file as `readOwned` found it; with a `fault` nothing of it was read. */
export interface OwnedText {
  readonly text: string;
  readonly uid: number;
  /** A few words. */
  readonly fault?: string;
}

/**
 * The text of a file that is no symbolic link, and the user it belongs to; undefined if there is none. Owner and
 * content are those of the same file, whatever happens to the path meanwhile. A file of more than `most` bytes, or
 * something that is no file, is not read.
 */
export function readOwned(path: string, most = 32_000_000): Promise<OwnedText | undefined> {
  try {
    // without O_NONBLOCK a named pipe would be waited for
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = openSync(path, flags);
    try {
      const found = fstatSync(file);
      const { uid } = found;
      if (!found.isFile()) return Promise.resolve({ text: '', uid, fault: 'it is not a file' });
      if (found.size > most) {
        const fault = `it is ${Math.ceil(found.size / 1e6)} MB large`;
        return Promise.resolve({ text: '', uid, fault });
      }
      return Promise.resolve({ text: readFileSync(file, 'utf8'), uid });
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return Promise.resolve(undefined);
    return Promise.reject(filesystemFailure('read', path, error));
  }
}

/**
 * The first of these paths that is a symbolic link. At once, as `readOwned` is: many small files are read so in a
 * tenth of the time.
 */
export function linkAmong(paths: readonly string[]): string | undefined {
  return paths.find((path) => {
    try {
      return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink();
    } catch (error) {
      if (hasCode(error, 'ENOTDIR')) return false;
      throw filesystemFailure('look at', path, error);
    }
  });
}

/** The names in a folder, sorted; none if there is no such folder. */
export async function listFolder(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw filesystemFailure('list', path, error);
  }
}

/** Removes a file or a link, never a folder; false if there was none. */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw filesystemFailure('remove', path, error);
  }
}

/** Removes a folder that holds nothing; false if there is none, something is in it, or it is a mount point. */
export async function removeEmptyFolder(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST', 'EBUSY')) return false;
    throw filesystemFailure('remove', path, error);
  }
}

/**
 * Removes whatever lies at a path, with everything inside; links are removed, never followed. Removes nothing and throws
 * `BAI-FILESYSTEM` while anything is mounted there: what is mounted may be somebody's data.
 */
export async function removeWhole(path: string): Promise<void> {
  try {
    await assertUnmounted(path);
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    throw filesystemFailure('remove', path, error);
  }
}

/** Throws `BAI-FILESYSTEM` that names what is mounted at a path or below it, if anything is. */
export async function assertUnmounted(path: string): Promise<void> {
  const mounts = await mountsIn(path);
  const [first] = mounts;
  if (first === undefined) return;
  const named = mounts.length === 1 ? `${first} is a mount point` : `${mounts.join(', ')} are mount points`;
  throw new Failure('BAI-FILESYSTEM', `Could not remove ${path}: ${named}, whose content is left alone.`, {
    facts: { path, mounts },
    next: mounts.map((mount) => ({ purpose: 'unmount it', command: `sudo umount ${quoted(mount)}` })),
  });
}

/** Gives a file a second name if that is free; false if something has it. Of many callers exactly one wins. */
export async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw filesystemFailure('make', to, error);
  }
}

/** Makes a symbolic link; `target` may be relative to the folder that it lies in. */
export async function makeLink(target: string, path: string): Promise<void> {
  try {
    await symlink(target, path);
  } catch (error) {
    throw filesystemFailure('make', path, error);
  }
}

/** Moves a file to a name on the same file system, in place of what is there. */
export async function moveOver(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    throw filesystemFailure('make', to, error);
  }
}

/** What lies at a path, without following a link; undefined if nothing does. */
export async function kindOf(path: string): Promise<'file' | 'folder' | 'link' | 'other' | undefined> {
  try {
    const found = await lstat(path);
    if (found.isSymbolicLink()) return 'link';
    return found.isDirectory() ? 'folder' : found.isFile() ? 'file' : 'other';
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw filesystemFailure('look at', path, error);
  }
}

/** True if this user may make things in an existing folder. */
export async function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** SHA-256 as hexadecimal digits. */
export function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** True if an error of Node's carries one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** True for an error of a full disk or a used-up quota, also as the cause of a failure. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Failure ? isDiskFull(error.cause) : hasCode(error, 'ENOSPC', 'EDQUOT');
}

/** An error of the file system as something a user can act upon. */
export function filesystemFailure(verb: string, path: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const full = isDiskFull(error);
  const why = full ? 'the disk is full' : error instanceof Error ? error.message : String(error);
  const denied = verb === 'remove' && hasCode(error, 'EACCES', 'EPERM');
  const removal = {
    purpose: 'remove what belongs to another',
    command: `sudo rm -rf ${JSON.stringify(path)}`,
  };
  return new Failure('BAI-FILESYSTEM', `Could not ${verb} ${path}: ${why}.`, {
    cause: error,
    facts: { path },
    next: full
      ? [{ purpose: 'see what fills it', command: `df -h ${JSON.stringify(dirname(path))}` }]
      : denied
        ? [removal]
        : [],
  });
}

/** Puts the names in a folder onto the disk: which files there are, and which have gone. */
export async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } catch (error) {
    // some file systems cannot flush a folder; a rename is whole all the same
    if (!hasCode(error, 'EINVAL', 'EPERM', 'ENOTSUP')) throw error;
  } finally {
    await folder.close();
  }
}
