// Ports that environments of all state folders of a machine hold, running or not: one small file each, which every user
// may read and only its own may write. A state folder's records are closed to others.
import { join } from 'node:path';
import * as z from 'zod';
import { kindOf, listFolder, readOwned, removeEmptyFolder, removeFile, writeWhole } from '../host/files.ts';
import { makeSharedFolder } from '../host/shared.ts';
import type { Host } from '../world.ts';
import { statePaths } from './names.ts';
import { portsSchema, type Ports } from './ports.ts';

/** Gone with the next start of the machine: an environment that is used by then is found by its open ports. */
const folder = '/tmp/bai-dev-ports';

const leaseSchema = z.object({
  id: z.string(),
  owner: z.string(),
  ports: portsSchema,
  /** Its environment's record: the lease ends with it, also where nobody deleted the environment in order. */
  record: z.string().startsWith('/'),
});

export interface PublicLease {
  readonly id: string;
  readonly ports: Ports;
}

const nameOf = ({ owner }: Host, id: string): string => `${owner}-${id}.json`;

/** Leases of other state folders. What cannot be read or trusted is left out. */
export async function othersLeases(host: Host): Promise<readonly PublicLease[]> {
  const names = (await listFolder(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
  const others = names.filter((name) => !name.startsWith(`${host.owner}-`));
  return (await Promise.all(others.map((name) => leaseIn(join(folder, name))))).flat();
}

/** Makes the ports of an environment known to others. That it cannot be done stops nobody. */
export async function publishLease(host: Host, id: string, ports: Ports): Promise<void> {
  const lease = { id, owner: host.owner, ports, record: statePaths(host, id).record };
  try {
    await makeSharedFolder(folder);
    await writeWhole(join(folder, nameOf(host, id)), JSON.stringify(lease), 0o644);
  } catch {
    // a folder of that name may be another's: then ports are only known by who listens
  }
}

/** Ends the lease; twice is once. */
export async function withdrawLease(host: Host, id: string): Promise<void> {
  await removeFile(join(folder, nameOf(host, id))).catch(() => false);
  await removeEmptyFolder(folder).catch(() => false);
}

async function leaseIn(path: string): Promise<PublicLease[]> {
  if ((await kindOf(path).catch(() => undefined)) !== 'file') return [];
  const found = await readOwned(path).catch(() => undefined);
  try {
    const { id, ports, record } = leaseSchema.parse(JSON.parse(found?.text ?? ''));
    // a record that this user may not see is there for all we know
    const kind = await kindOf(record).catch(() => 'file');
    return kind === undefined ? [] : [{ id, ports }];
  } catch {
    return [];
  }
}
