// Names for what is being made in a shared folder, and what dead runs left under such names.
import { createHash, randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { listFolder } from './files.ts';
import { processStart, thisMachine } from './proc.ts';
import { changeTime } from './tail.ts';

/** Stands for this machine since its last start, and this container: elsewhere a process ID means another process. */
const { boot, name, namespace } = await thisMachine();
const place = createHash('sha256')
  .update(JSON.stringify([boot, name, namespace]))
  .digest('hex')
  .slice(0, 8);

/** Milliseconds after which what was made elsewhere, and not continued, counts as left behind. */
const patience = 24 * 3600 * 1000;

/** A name beside the path that no other run uses, in whatever container or after whatever restart. */
export function partialOf(path: string): string {
  return `${path}.${process.pid}-${place}-${randomBytes(4).toString('hex')}.partial`;
}

/** What lies beside the path under such a name and belongs to no living process. */
export async function abandoned(path: string): Promise<string[]> {
  const left: string[] = [];
  for (const entry of await listFolder(dirname(path))) {
    if (!entry.startsWith(`${basename(path)}.`)) continue;
    // without the place: of an older version
    const found = /\.(\d+)-(?:([0-9a-f]{8})-)?[0-9a-f]+\.partial$/.exec(entry);
    if (found === null || Number(found[1]) === process.pid) continue;
    const full = join(dirname(path), entry);
    const alive =
      (found[2] ?? place) === place
        ? (await processStart(Number(found[1]))) !== undefined
        : Date.now() - ((await changeTime(full)) ?? 0) < patience;
    if (!alive) left.push(full);
  }
  return left;
}
