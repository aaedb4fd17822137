// Files as streams: for what is too big to be held in memory.
import { createReadStream, createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { filesystemFailure, removeFile } from './files.ts';

/** Writes a new file of mode 0600, compressed as gzip does; half of one is removed. An aborted signal ends it. */
export async function writeCompressed(
  path: string,
  source: NodeJS.ReadableStream,
  signal: AbortSignal,
): Promise<void> {
  try {
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true });
    await pipeline(source, createGzip({ level: 3 }), file, { signal });
  } catch (error) {
    await removeFile(path).catch(() => undefined);
    signal.throwIfAborted();
    throw error instanceof Error && 'syscall' in error ? filesystemFailure('write', path, error) : error;
  }
}

/** The content of a file. */
export const readStream = (path: string): Readable => createReadStream(path);
