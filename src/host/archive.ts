// Unpacks archives from elsewhere: nothing leaves the folder, belongs to somebody else or has strange modes.
import { createWriteStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';
import type { ReadEntry } from 'tar';
import { Failure } from '../failure.ts';
import { filesystemFailure, makeFolder } from './files.ts';

export interface Unpacking {
  readonly archive: string;
  /** Must exist. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * Unpacks a .tar.gz without the folder at its top. All belongs to the user who runs us, whoever packed it
 * (facts 13.10 T3: the daemons drop to the owner of their files); modes become 0644 or 0755. A hostile entry
 * is `BAI-HASH`, and the folder is to be thrown away then.
 */
export async function unpackTar({ archive, folder, signal }: Unpacking): Promise<void> {
  signal.throwIfAborted();
  const hostile: string[] = [];
  const { extract } = await import('tar');
  await extract({
    file: archive,
    cwd: folder,
    strip: 1,
    strict: true,
    preserveOwner: false,
    noMtime: true,
    filter: (path, entry) => {
      // somebody else's repository: git would obey its settings, or take the folder for a broken submodule
      if (path.split('/').includes('.git')) return false;
      // when unpacking it is always an entry; the type also serves packing
      const fault = faultOf(path, entry as ReadEntry);
      if (fault !== undefined) hostile.push(`${path} (${fault})`);
      return fault === undefined;
    },
    onReadEntry: (entry) => {
      entry.mode = isExecutable(entry.mode) ? 0o755 : 0o644;
    },
  }).catch((error: unknown) => {
    throw unpackFailure(archive, error);
  });
  signal.throwIfAborted();
  if (hostile[0] !== undefined) throw hostileArchive(archive, hostile[0]);
}

/** Where an entry of a zip shall lie, relative to the folder; undefined leaves it out. */
export type Place = (path: string) => string | undefined | Promise<string | undefined>;

/**
 * Unpacks a wheel or other .zip, entry by entry, to where `place` says; gives the places that were written.
 * Executable files stay executable. A hostile place is `BAI-HASH`.
 */
export async function unpackZip(
  { archive, folder, signal }: Unpacking,
  place: Place,
): Promise<readonly string[]> {
  const file = await open(archive, 'r').catch((error: unknown) => {
    throw filesystemFailure('read', archive, error);
  });
  const written: string[] = [];
  try {
    for (const entry of await zipEntries(file, archive)) {
      signal.throwIfAborted();
      if (entry.path.endsWith('/')) continue;
      const target = await place(entry.path);
      if (target === undefined) continue;
      if (leaves(target)) throw hostileArchive(archive, `${entry.path} (outside)`);
      const path = join(folder, target);
      await makeFolder(dirname(path));
      await writeEntry(file, entry, path).catch((error: unknown) => {
        throw unpackFailure(archive, error);
      });
      written.push(target);
    }
  } finally {
    await file.close();
  }
  return written;
}

interface ZipEntry {
  readonly path: string;
  readonly deflated: boolean;
  readonly packed: number;
  readonly offset: number;
  readonly executable: boolean;
}

/** The central directory; without zip64 and encryption, which wheels of our sizes never use. */
async function zipEntries(file: FileHandle, archive: string): Promise<ZipEntry[]> {
  const { size } = await file.stat();
  const tail = await bytes(file, Math.max(0, size - 65_557), Math.min(size, 65_557));
  const end = tail.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  if (end < 0) throw unpackFailure(archive, new Error('it is not a zip archive'));
  const directory = await bytes(file, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  const entries: ZipEntry[] = [];
  for (let at = 0, count = tail.readUInt16LE(end + 10); count > 0; count -= 1) {
    const name = directory.readUInt16LE(at + 28);
    const method = directory.readUInt16LE(at + 10);
    if (method !== 0 && method !== 8)
      throw unpackFailure(archive, new Error('it is packed in an unknown way'));
    entries.push({
      path: directory.toString('utf8', at + 46, at + 46 + name),
      deflated: method === 8,
      packed: directory.readUInt32LE(at + 20),
      offset: directory.readUInt32LE(at + 42),
      // the upper half is the Unix mode
      executable: isExecutable(directory.readUInt32LE(at + 38) >>> 16),
    });
    at += 46 + name + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

async function writeEntry(file: FileHandle, entry: ZipEntry, path: string): Promise<void> {
  const head = await bytes(file, entry.offset, 30);
  const start = entry.offset + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
  const packed = Readable.from(pieces(file, start, entry.packed));
  const target = createWriteStream(path, { flags: 'wx', mode: entry.executable ? 0o755 : 0o644 });
  await (entry.deflated ? pipeline(packed, createInflateRaw(), target) : pipeline(packed, target));
}

async function* pieces(file: FileHandle, start: number, length: number): AsyncGenerator<Buffer> {
  const piece = 1024 * 1024;
  for (let done = 0; done < length; done += piece) {
    yield await bytes(file, start + done, Math.min(piece, length - done));
  }
}

async function bytes(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead < length) throw new Error('it ends too early');
  return buffer;
}

const isExecutable = (mode: number | undefined): boolean => ((mode ?? 0) & 0o100) !== 0;

const leaves = (path: string): boolean => isAbsolute(path) || normalize(path).split('/')[0] === '..';

/** Why an entry is not let in. Links must stay inside the folder at the top, which is stripped. */
function faultOf(path: string, entry: ReadEntry): string | undefined {
  if (leaves(path)) return 'outside';
  const inner = (target: string): boolean => !leaves(target) && normalize(target).includes('/');
  switch (entry.type) {
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
    case 'Directory':
    case 'GNUDumpDir':
      return undefined;
    case 'Link':
      return inner(entry.linkpath ?? '/') ? undefined : 'a link that points outside';
    case 'SymbolicLink':
      return inner(isAbsolute(entry.linkpath ?? '/') ? '/' : join(dirname(path), entry.linkpath ?? '/'))
        ? undefined
        : 'a link that points outside';
    default:
      return `a ${entry.type}`;
  }
}

function hostileArchive(archive: string, entry: string): Failure {
  return new Failure('BAI-HASH', `${archive} holds an entry that a source archive must not hold: ${entry}.`, {
    facts: { archive, entry },
  });
}

function unpackFailure(archive: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const local = error instanceof Error && 'syscall' in error;
  if (local) return filesystemFailure('unpack', archive, error);
  const why = error instanceof Error ? error.message : String(error);
  return new Failure('BAI-HASH', `${archive} could not be unpacked: ${why}.`, {
    cause: error,
    facts: { archive },
  });
}
