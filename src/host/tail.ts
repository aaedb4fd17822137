// Both ends of a file that somebody else writes: its first lines, its last ones, and what is added from now on.
import { open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from './files.ts';

/** Bytes of either end of a file that are looked at: enough for many lines, and read in a moment. */
const window = 256 * 1024;
/** Milliseconds between two looks at a file that is followed. */
const pause = 200;

/**
 * The last lines of a text, oldest first; undefined if there is no such file or it may not be read. A first line
 * that the window cuts is left out. With `size` only so many bytes count: what was added meanwhile does not.
 */
export async function lastLines(path: string, count: number, size?: number): Promise<string[] | undefined> {
  const end = size ?? (await fileSize(path));
  if (end === undefined) return undefined;
  const from = Math.max(0, end - window);
  const lines = (await readPart(path, from, end)).split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (from > 0) lines.shift();
  return count === 0 ? [] : lines.slice(-count).map(withoutReturn);
}

/** The first lines of a text; none if there is no such file or it may not be read. */
export async function firstLines(path: string): Promise<string[]> {
  const end = Math.min((await fileSize(path)) ?? 0, window);
  return end === 0 ? [] : (await readPart(path, 0, end)).split('\n').map(withoutReturn);
}

/**
 * Lines that are added after `from` bytes, until the signal is aborted. A file that is replaced or made shorter is
 * read from its beginning; one that is not there yet is waited for.
 */
export async function* followLines(path: string, signal: AbortSignal, from?: number): AsyncGenerator<string> {
  let known = await sizeOf(path);
  let at = from ?? known?.size ?? 0;
  let rest = '';
  while (!signal.aborted) {
    const now = await sizeOf(path);
    if (now !== undefined && (now.inode !== known?.inode || now.size < at)) [at, rest] = [0, ''];
    known = now;
    if (now !== undefined && now.size > at) {
      const lines = (rest + (await readPart(path, at, now.size))).split('\n');
      at = now.size;
      rest = lines.pop() ?? '';
      for (const line of lines) yield withoutReturn(line);
    }
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
}

export interface LinesWanted {
  /** How many of those that are there. */
  readonly lines: number;
  /** Goes on with what is added, until the signal is aborted. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/** The last lines of a growing file, and then those that are added: none is told twice or left out. */
export async function* linesOf(path: string, wanted: LinesWanted): AsyncGenerator<string> {
  const size = await fileSize(path);
  const last = (await lastLines(path, wanted.lines, size)) ?? [];
  yield* last;
  if (wanted.follow) yield* followLines(path, wanted.signal, size ?? 0);
}

/** The size of a file in bytes; undefined if there is none. */
export async function fileSize(path: string): Promise<number | undefined> {
  return (await sizeOf(path))?.size;
}

/** When a file was last changed, in milliseconds; undefined if there is none. */
export async function changeTime(path: string): Promise<number | undefined> {
  return (await sizeOf(path))?.time;
}

async function sizeOf(path: string): Promise<{ size: number; inode: number; time: number } | undefined> {
  try {
    const { size, ino, mtimeMs } = await stat(path);
    return { size, inode: ino, time: mtimeMs };
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return undefined;
    throw error;
  }
}

async function readPart(path: string, from: number, to: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** A terminal ends lines with a return as well. */
const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line);
