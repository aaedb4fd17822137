// Puts a new working copy in the place of another by two renames; what was cut off is finished or taken back.
import { dirname, join } from 'node:path';
import { kindOf, makeFolder, moveOver, readText, removeWhole, writeWhole } from '../host/files.ts';

export interface Exchange {
  readonly path: string;
  /** The names beside it of what shall be there, and of what was. */
  readonly next: string;
  readonly former: string;
  /** Paths in it that go along as they are, if the new one has no such thing: generated files, and folders of data. */
  readonly carried: readonly string[];
}

/** Where a working copy holds the word for where it came from. */
const noteFile = '.git/bai-dev/source';

/** Says where a working copy came from. */
export async function noteSource(tree: string, source: string): Promise<void> {
  await makeFolder(join(tree, dirname(noteFile)));
  await writeWhole(join(tree, noteFile), `${source}\n`, 0o644);
}

/** What was noted; undefined for one that no exchange made. */
export async function notedSource(tree: string): Promise<string | undefined> {
  return (await readText(join(tree, noteFile)))?.trim();
}

/** The next one is whole and lies there; afterwards it has the place, and the former one is gone. */
export async function exchange(wish: Exchange): Promise<void> {
  await moveOver(wish.path, wish.former);
  await moveOver(wish.next, wish.path);
  await settleExchange(wish);
}

/** Brings an exchange that was cut off to the end, or back to where it began if nothing has the place. */
export async function settleExchange({ path, former, carried }: Exchange): Promise<void> {
  if ((await kindOf(former)) !== 'folder') return;
  if ((await kindOf(path)) === undefined) return moveOver(former, path);
  for (const name of carried) {
    if ((await kindOf(join(former, name))) === undefined) continue;
    if ((await kindOf(join(path, name))) !== undefined) continue;
    await makeFolder(dirname(join(path, name)));
    await moveOver(join(former, name), join(path, name));
  }
  await removeWhole(former);
}
