// Whole folders as compressed archives: content, modes, owners and links as they are.
import type { Stats } from 'node:fs';
import { lchown, open } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { Owner } from './copy.ts';
import { filesystemFailure, makeFolder } from './files.ts';

/**
 * Writes all that is below a folder into a new .tar.gz of mode 0600, which is on the disk once this returns. Sockets and
 * pipes are left out. Throws `BAI-FILESYSTEM`.
 */
export async function packFolder(from: string, file: string): Promise<void> {
  try {
    const { create } = await import('tar');
    // when packing it is what lies on the disk; the package waits for ever for an entry that it does not support
    const isPacked = (found: unknown): boolean => {
      const kind = found as Stats;
      return kind.isFile() || kind.isDirectory() || kind.isSymbolicLink();
    };
    await create(
      {
        ...{ file, cwd: from, mode: 0o600, preservePaths: true, strict: true },
        gzip: { level: quickly },
        filter: (_path, found) => isPacked(found),
      },
      ['.'],
    );
    const written = await open(file, 'r+');
    await written.sync().finally(() => written.close());
  } catch (error) {
    throw filesystemFailure('save', from, error);
  }
}

/** Makes a folder of what `packFolder` wrote. For root all belongs to whom it did, or to `owner`. `to` must not exist. */
export async function unpackFolder(file: string, to: string, owner?: Owner): Promise<void> {
  const isRoot = userInfo().uid === 0;
  await makeFolder(to, 0o700);
  try {
    const { extract } = await import('tar');
    await extract({
      ...{ file, cwd: to, strict: true, preservePaths: true, chmod: true, noMtime: true },
      ...(isRoot && owner !== undefined ? owner : { preserveOwner: isRoot }),
    });
    if (isRoot && owner !== undefined) await lchown(to, owner.uid, owner.gid);
  } catch (error) {
    throw filesystemFailure('unpack', file, error);
  }
}

/** A database's files, mostly empty, get hardly smaller by more effort. */
const quickly = 3;
