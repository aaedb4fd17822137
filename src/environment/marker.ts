// The file in an install path that says whose it is: by it commands know where they are, and removals what is theirs.
import { join } from 'node:path';
import { kindOf, readOwned } from '../host/files.ts';
import { isId } from './id.ts';

/** The name of the file in an install path. */
export const markerName = '.bai-dev';

export interface Marker {
  readonly id: string;
  /** The user and state folder, as host/identity.ts hashes them; older versions wrote none. */
  readonly owner?: string;
  /** The user whose file it is. */
  readonly uid: number;
}

export const markerText = (id: string, owner: string): string => `${id}\nowner ${owner}\n`;

/** The marker of that name in a folder; undefined if there is none, or something else of its name: a link, a folder, another text. */
export async function readMarker(folder: string, name = markerName): Promise<Marker | undefined> {
  const path = join(folder, name);
  if ((await kindOf(path).catch(() => undefined)) !== 'file') return undefined;
  const found = await readOwned(path).catch(() => undefined);
  const [id = '', second = ''] = found?.text.trim().split('\n') ?? [];
  if (found === undefined || !isId(id)) return undefined;
  const owner = /^owner ([0-9a-f]{12})$/.exec(second)?.[1];
  return { id, uid: found.uid, ...(owner === undefined ? {} : { owner }) };
}
