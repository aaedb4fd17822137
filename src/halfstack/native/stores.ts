// The data of a native halfstack: folders, packed, unpacked and exchanged by their names.
import { join } from 'node:path';
import { copyWhole, ownerAt } from '../../host/copy.ts';
import { packFolder, unpackFolder } from '../../host/packed.ts';
import { kindOf, moveOver, removeFile, removeWhole } from '../../host/files.ts';
import { flush } from '../../host/flush.ts';
import { usageOf } from '../../host/usage.ts';
import type { Stores } from '../engine.ts';
import type { Places } from './places.ts';
import type { ServerPlace } from './running.ts';

/** The stores of servers that are stopped. */
export function nativeStores({ servers }: Pick<Places, 'servers'>): Stores {
  const all = Object.values(servers);
  return {
    bytes: async () =>
      (await Promise.all(all.map(({ data }) => usageOf(data)))).reduce((sum, one) => sum + one, 0),
    save: async (into) => {
      const kinds = await Promise.all(all.map(({ data }) => kindOf(data)));
      const there = all.filter((_, at) => kinds[at] === 'folder');
      for (const { role, data } of there) await packFolder(data, join(into, packed(role)));
      return all.filter((place) => !there.includes(place)).map(({ role }) => role);
    },
    stage: async (from) => {
      for (const place of all) await stage(place, from);
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

const packed = (role: string): string => `${role}.tar.gz`;
const stagedOf = (data: string): string => `${data}.staged`;
const beforeOf = (data: string): string => `${data}.before`;

/** In PostgreSQL's data lie its ports, which are those of the environment that it was made for. */
const settingsFile = 'postgresql.conf';

async function stage({ role, data }: ServerPlace, from: string): Promise<void> {
  const staged = stagedOf(data);
  const archive = join(from, packed(role));
  await removeWhole(staged);
  if ((await kindOf(archive)) === 'file') await unpackFolder(archive, staged, await ownerAt(data));
  // older versions did not compress
  else if ((await kindOf(join(from, role))) === 'folder') {
    await copyWhole(join(from, role), staged, await ownerAt(data));
  } else return;
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
