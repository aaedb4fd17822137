// The first thing that is written of an environment: its record, which is also the lease of its ports.
import { join } from 'node:path';
import { choosePorts, type PortChoice } from '../environment/leases.ts';
import { acquireLock } from '../environment/lock.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { makeSecrets } from '../environment/secrets.ts';
import { publishLease } from '../environment/publicleases.ts';
import { listIds, readRecord, writeRecord } from '../environment/store.ts';
import { aloneOnMachine } from '../host/machine.ts';
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

/** Seconds that an install waits for others that write their records: each takes a moment, but there may be many. */
const patience = 600;

/**
 * Proves the ports free again and writes the record, in one step. Where another environment was given them meanwhile, a
 * new environment takes the next ones that fulfil the wish: only they are planned again, so that busy neighbors never
 * hold it up. Gives the record as written; undefined, and nothing written, if the wish itself cannot be fulfilled any
 * more, or a change lost the ports that it was agreed on. Those that `record.former` holds are its own.
 */
export async function claim(
  world: World,
  record: EnvironmentRecord,
  wish: PortWish,
): Promise<EnvironmentRecord | undefined> {
  const { host } = world;
  const { id, ports } = record.spec;
  const lock = await acquireLock(world, join(host.folders.state, 'leases.lock'), {
    command: `install -e ${id}`,
    waitSeconds: patience,
  });
  try {
    const before = record.former?.at(-1);
    const own = before && { base: before.portBase, ports: before.ports };
    const records = await othersOf(host, id);
    // two state folders have a lock each
    return await aloneOnMachine('bai-dev-ports', 10, async () => {
      const again = await choosePorts(world, { id, wish, records, ...(own && { own }) });
      if (again.blocked.length > 0) return undefined;
      const same = JSON.stringify(again.ports) === JSON.stringify(ports);
      if (!same && own !== undefined) return undefined;
      const claimed = same ? record : withPorts(record, again);
      await writeRecord(host, claimed);
      await publishLease(host, id, claimed.spec.ports);
      return claimed;
    });
  } finally {
    await lock.release();
  }
}

/** The record of an environment of which nothing was made yet, with other ports. */
function withPorts(record: EnvironmentRecord, { base, ports }: PortChoice): EnvironmentRecord {
  return {
    ...record,
    spec: { ...record.spec, portBase: base, ports },
    resources: record.resources.map((one) => (one.kind === 'lease' ? { ...one, base } : one)),
  };
}

/** Records of all other environments, as far as they can be read. */
async function othersOf(host: Host, id: string): Promise<EnvironmentRecord[]> {
  const others = (await listIds(host)).filter((other) => other !== id);
  const records = await Promise.all(others.map((other) => readRecord(host, other).catch(() => undefined)));
  return records.filter((record) => record !== undefined);
}
