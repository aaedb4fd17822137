// What a daemon wrote: a log of its own, the last ones before it, and the line that tells of trouble.
import { dirname } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { makeFolder, moveOver, removeFile } from '../host/files.ts';
import { fileSize, lastLines } from '../host/tail.ts';

/** Logs of earlier starts that stay beside the one of the last start. */
const kept = 3;

/** Makes room for the log of a new start: `manager.log` becomes `manager.log.1`, and so on. */
export async function rotateLog(path: string): Promise<void> {
  await makeFolder(dirname(path), 0o700);
  if (((await fileSize(path)) ?? 0) === 0) return;
  await removeFile(`${path}.${kept}`);
  for (let at = kept - 1; at >= 1; at -= 1) {
    if ((await fileSize(`${path}.${at}`)) !== undefined) await moveOver(`${path}.${at}`, `${path}.${at + 1}`);
  }
  await moveOver(path, `${path}.1`);
}

/** The last lines of a log without colours; none if there is no log. */
export async function plainLines(path: string, count: number): Promise<string[]> {
  return ((await lastLines(path, count)) ?? []).map(stripVTControlCharacters);
}

/**
 * The last line since its start in which a daemon complains: what its logger calls an error, or the last line of
 * a Python traceback.
 */
export async function lastErrorLine(path: string): Promise<string | undefined> {
  return (await plainLines(path, 2000)).findLast((line) => complaint.test(line))?.trim();
}

/** The level is the first word of a line, after a date at most: others may quote it. */
const complaint = /^[^A-Za-z]*(?:ERROR|CRITICAL)\b|^(?:\w+\.)*\w*(?:Error|Exception)(?::|$)/;
