// The first thing that is written of an environment: its record, which is also the lease of its ports.
import { join } from 'node:path';
import { choosePorts, isLeased } from '../environment/leases.ts';
import { acquireLock } from '../environment/lock.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { makeSecrets } from '../environment/secrets.ts';
import { listIds, readRecord, writeRecord } from '../environment/store.ts';
import type { PortWish } from '../prechecks/draft.ts';
import type { Host, World } from '../world.ts';

/** A record as it will be written: secrets are born here, so that every later run writes the same files. */
export async function draftRecord(world: World, spec: EnvironmentRecord['spec']): Promise<EnvironmentRecord> {
  return {
    schema: 1,
    version: world.host.version,
    createdAt: world.now().toISOString(),
    spec,
    phase: 'installing',
    marks: {},
    resources: [{ kind: 'lease', base: spec.portBase }],
    secrets: await makeSecrets(world),
  };
}

/**
 * Proves the ports free again and writes the record, in one step; false, and nothing written, if they are not. Those
 * that `record.former` holds are its own.
 */
export async function claim(world: World, record: EnvironmentRecord, wish: PortWish): Promise<boolean> {
  const { host } = world;
  const { id, ports } = record.spec;
  // whoever is too late is told so without waiting for those that are not
  if (isLeased(ports, await othersOf(host, id))) return false;
  const lock = await acquireLock(world, join(host.folders.state, 'leases.lock'), {
    command: `install -e ${id}`,
    waitSeconds: 60,
  });
  try {
    const records = await othersOf(host, id);
    if (isLeased(ports, records)) return false;
    const before = record.former?.at(-1);
    const own = before && { base: before.portBase, ports: before.ports };
    const again = await choosePorts(world, { id, wish, records, ...(own && { own }) });
    const same = JSON.stringify(again.ports) === JSON.stringify(ports);
    if (!same || again.blocked.length > 0) return false;
    await writeRecord(host, record);
    return true;
  } finally {
    await lock.release();
  }
}

/** Records of all other environments, as far as they can be read. */
async function othersOf(host: Host, id: string): Promise<EnvironmentRecord[]> {
  const others = (await listIds(host)).filter((other) => other !== id);
  const records = await Promise.all(others.map((other) => readRecord(host, other).catch(() => undefined)));
  return records.filter((record) => record !== undefined);
}
