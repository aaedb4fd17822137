// Names for what is being made in a shared folder, and what dead runs left under such names.
import { basename, dirname, join } from 'node:path';
import { listFolder } from './files.ts';
import { processStart } from './proc.ts';

/** A name beside the path that no other living run uses. */
export function partialOf(path: string): string {
  return `${path}.${process.pid}-${counter++}.partial`;
}

let counter = 0;

/** What lies beside the path under such a name and belongs to no living process. */
export async function abandoned(path: string): Promise<string[]> {
  const left: string[] = [];
  for (const name of await listFolder(dirname(path))) {
    const pid = name.startsWith(`${basename(path)}.`) ? /\.(\d+)-\d+\.partial$/.exec(name)?.[1] : undefined;
    if (pid === undefined || Number(pid) === process.pid) continue;
    if ((await processStart(Number(pid))) === undefined) left.push(join(dirname(path), name));
  }
  return left;
}
