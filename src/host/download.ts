// Brings files whose content is known beforehand: whole and true, or not at all.
import { open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';
import { hashOfFile } from './copy.ts';
import { filesystemFailure, kindOf, makeFolder, moveOver, removeFile } from './files.ts';
import { persistently, receive, withoutCredentials, type Request } from './http.ts';
import { fileLimits, LimitError, tooLarge } from './limits.ts';
import { abandoned, partialOf } from './partial.ts';

export interface Download extends Request {
  /** Where the whole file shall lie; nothing else is ever seen under that name. */
  readonly path: string;
  readonly sha256: string;
  /** Its size where it is known: an answer that has more is ended at once. */
  readonly bytes?: number;
  readonly onProgress?: (done: number, total?: number) => void;
}

/**
 * Brings a file. What lies there already is used if it is that file. A download that broke off, in this run or
 * in one that is dead, goes on where it stopped if the server can do so. Throws `BAI-NETWORK`, or `BAI-HASH`
 * when the address gives something else.
 */
export async function download(world: World, wanted: Download): Promise<void> {
  await makeFolder(dirname(wanted.path));
  if (await holds(wanted.path, wanted.sha256)) return;
  const partial = partialOf(wanted.path);
  await adopt(wanted.path, partial);
  const found = await persistently(world, wanted, () => fetchInto(world, wanted, partial)).catch(
    async (error: unknown) => {
      world.signal.throwIfAborted();
      if (error instanceof Failure && error.cause instanceof LimitError) await removeFile(partial);
      throw filesystemFailure('write', partial, error);
    },
  );
  if (found !== wanted.sha256) {
    await removeFile(partial);
    const shown = withoutCredentials(wanted.url);
    throw new Failure(
      'BAI-HASH',
      `${shown} is not the file it should be: its SHA-256 begins with ${found.slice(0, 12)} instead of ${wanted.sha256.slice(0, 12)}.`,
      { facts: { address: shown, sha256: found, expected: wanted.sha256 } },
    );
  }
  await moveOver(partial, wanted.path);
}

/** True if a file is there and is exactly this one. */
export async function holds(path: string, sha256: string): Promise<boolean> {
  return (await kindOf(path)) === 'file' && (await hashOfFile(path)) === sha256;
}

/** One attempt: goes on where the partial file ends. Gives the SHA-256 of all that is there then. */
async function fetchInto(world: World, wanted: Download, partial: string): Promise<string> {
  const file = await open(partial, 'a+');
  try {
    const limits = fileLimits(wanted.bytes);
    let begun = (await file.stat()).size;
    if (begun > limits.bytes) {
      await file.truncate(0);
      begun = 0;
    }
    const headers = {
      ...wanted.headers,
      // a compressed transfer would make ranges and sizes mean something else
      'accept-encoding': 'identity',
      ...(begun > 0 ? { range: `bytes=${begun}-` } : {}),
    };
    const { limit = limits.silence } = wanted;
    await receive(
      world,
      { ...wanted, headers, limits: { ...limits, silence: limit } },
      async (response, chunks) => {
        // it ends where our partial file does, or before: the hash will tell
        if (response.status === 416) return;
        if (!response.ok) throw refused(wanted.url, response.status);
        const resumed = response.status === 206;
        // a part that begins elsewhere would make another file
        if (resumed && !beginsAt(response.headers.get('content-range'), begun)) {
          await file.truncate(0);
          throw new Error('the server sent another part of the file than it was asked for');
        }
        if (!resumed) await file.truncate(0);
        const from = resumed ? begun : 0;
        const length = Number(response.headers.get('content-length') ?? 0);
        const total = length > 0 ? from + length : undefined;
        if (from + length > limits.bytes) throw tooLarge(limits.bytes);
        await append(chunks, { file, from, total, most: limits.bytes, report: wanted.onProgress });
      },
    );
    await file.sync();
    const sha256 = await hashOfFile(partial);
    if (sha256 === wanted.sha256 || begun === 0) return sha256;
    // what was left there may have been wrong: once more from the start
    await file.truncate(0);
  } finally {
    await file.close();
  }
  return fetchInto(world, wanted, partial);
}

interface Place {
  readonly file: FileHandle;
  readonly from: number;
  readonly total: number | undefined;
  /** Bytes of the whole file. */
  readonly most: number;
  readonly report: Download['onProgress'];
}

async function append(
  chunks: AsyncIterable<Uint8Array>,
  { file, from, total, most, report }: Place,
): Promise<void> {
  let done = from;
  for await (const chunk of chunks) {
    done += chunk.byteLength;
    if (done > most) throw tooLarge(most);
    await file.writeFile(chunk);
    report?.(done, total);
  }
  if (total !== undefined && done < total) throw new Error('the connection ended too early');
}

/** Takes over what a dead run left half-downloaded; a rename succeeds for one of us only. */
async function adopt(path: string, partial: string): Promise<void> {
  for (const left of await abandoned(path)) await rename(left, partial).catch(() => undefined);
}

const beginsAt = (range: string | null, at: number): boolean =>
  at > 0 && new RegExp(`^bytes ${at}-`, 'i').test(range ?? '');

/** A refusal is about this very request: trying again would not help. */
function refused(url: string, status: number): Failure {
  const address = withoutCredentials(url);
  return new Failure('BAI-NETWORK', `${address} is not served: status ${status}.`, {
    facts: { address, status },
  });
}
