// The data of a native halfstack: folders, copied and exchanged by their names.
import { join } from 'node:path';
import { copyWhole, ownerAt } from '../../host/copy.ts';
import { kindOf, moveOver, removeFile, removeWhole } from '../../host/files.ts';
import { flush } from '../../host/flush.ts';
import type { Stores } from '../engine.ts';
import type { Places } from './places.ts';
import type { ServerPlace } from './running.ts';

/** The stores of servers that are stopped. */
export function nativeStores({ servers }: Pick<Places, 'servers'>): Stores {
  const all = Object.values(servers);
  return {
    save: async (into) => {
      const kinds = await Promise.all(all.map(({ data }) => kindOf(data)));
      const there = all.filter((_, at) => kinds[at] === 'folder');
      for (const { role, data } of there) await copyWhole(data, join(into, role));
      return all.filter((place) => !there.includes(place)).map(({ role }) => role);
    },
    stage: async (from) => {
      for (const place of all) await stage(place, join(from, place.role));
      // the old data goes once the journal says that these are there
      await flush(all.map(({ data }) => stagedOf(data)));
    },
    swap: async () => {
      for (const place of all) await swap(place);
    },
    unstage: async () => {
      for (const { data } of all) await removeWhole(stagedOf(data));
    },
  };
}

const stagedOf = (data: string): string => `${data}.staged`;
const beforeOf = (data: string): string => `${data}.before`;

/** In PostgreSQL's data lie its ports, which are those of the environment that it was made for. */
const settingsFile = 'postgresql.conf';

async function stage({ role, data }: ServerPlace, from: string): Promise<void> {
  if ((await kindOf(from)) !== 'folder') return;
  const staged = stagedOf(data);
  await removeWhole(staged);
  await copyWhole(from, staged, await ownerAt(data));
  if (role !== 'postgres') return;
  await removeFile(join(staged, settingsFile));
  await copyWhole(join(data, settingsFile), join(staged, settingsFile));
}

/** Where something is staged, the data that is there is the old one; where nothing is, the exchange was made. */
async function swap({ data }: ServerPlace): Promise<void> {
  const [staged, before] = [stagedOf(data), beforeOf(data)];
  if ((await kindOf(staged)) === 'folder') {
    if ((await kindOf(data)) === 'folder') {
      await removeWhole(before);
      await moveOver(data, before);
    }
    await moveOver(staged, data);
  }
  await removeWhole(before);
}
