// What a daemon wrote: a log of its own, the last ones before it, and the line that tells of trouble.
import { dirname } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { makeFolder, moveOver, readText, removeFile, writeWhole } from '../host/files.ts';
import { fileSize, lastLines } from '../host/tail.ts';

/** Logs of earlier starts that stay beside the one of the last start. */
const kept = 3;

/** Makes room for the log of a new start: `manager.log` becomes `manager.log.1`, and so on. */
export async function rotateLog(path: string): Promise<void> {
  await makeFolder(dirname(path), 0o700);
  await removeFile(stopNote(path));
  if (((await fileSize(path)) ?? 0) === 0) return;
  await removeFile(`${path}.${kept}`);
  for (let at = kept - 1; at >= 1; at -= 1) {
    if ((await fileSize(`${path}.${at}`)) !== undefined) await moveOver(`${path}.${at}`, `${path}.${at + 1}`);
  }
  await moveOver(path, `${path}.1`);
}

/** Makes the log of a new start for this user alone: what upstream writes there may hold passwords. */
export async function openLog(path: string): Promise<void> {
  await makeFolder(dirname(path), 0o700);
  if ((await fileSize(path)) === undefined) await writeWhole(path, '', 0o600);
}

/** The last lines of a log without colours, and with `mask` without secrets; none if there is no log. */
export async function plainLines(
  path: string,
  count: number,
  mask: (line: string) => string = (line) => line,
): Promise<string[]> {
  return ((await lastLines(path, count)) ?? []).map((line) => mask(stripVTControlCharacters(line)));
}

/** Notes that a daemon is to be stopped: what it writes from now on is about its end, and no error. */
export async function noteStop(path: string): Promise<void> {
  const size = await fileSize(path);
  if (size === undefined || (await stoppedAt(path)) !== undefined) return;
  await writeWhole(stopNote(path), `${size}\n`);
}

/** Bytes that it had written when it was stopped; undefined if it was not. */
async function stoppedAt(path: string): Promise<number | undefined> {
  const text = await readText(stopNote(path));
  return text !== undefined && /^\d+\n$/.test(text) ? Number(text) : undefined;
}

const stopNote = (path: string): string => `${path}.stopped`;

/**
 * The last line between its start and its stop in which a daemon complains: what its logger calls an error, or the last
 * line of a Python traceback.
 */
export async function lastErrorLine(
  path: string,
  mask: (line: string) => string = (line) => line,
): Promise<string | undefined> {
  const lines = (await lastLines(path, 2000, await stoppedAt(path))) ?? [];
  return lines
    .map((line) => mask(stripVTControlCharacters(line)))
    .findLast(isComplaint)
    ?.trim();
}

/** What a logger calls an error, or the last line of a traceback; not what Python says of tasks that nobody awaited. */
export const isComplaint = (line: string): boolean =>
  complaint.test(line) && !/Task (was destroyed|exception was never retrieved)|Unclosed /.test(line);

/** The level is the first word of a line, after a date at most: others may quote it. */
const complaint = /^[^A-Za-z]*(?:ERROR|CRITICAL)\b|^(?:\w+\.)*\w*(?:Error|Exception)(?::|$)/;
