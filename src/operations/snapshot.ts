// Saves the data of an environment's three stores at one point in time; what ran before runs again afterwards.
import { dirname, join, relative } from 'node:path';
import { daemonsOf } from '../daemons/daemon.ts';
import { runningDaemons } from '../daemons/running.ts';
import { acquireLock } from '../environment/lock.ts';
import { statePaths } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { readRestore } from '../environment/restoring.ts';
import { Failure } from '../failure.ts';
import {
  bytesOf,
  findSnapshot,
  listSnapshots,
  makeSnapshot,
  parseSnapshotName,
  removeSnapshot,
  snapshotFolder,
} from '../halfstack/snapshots.ts';
import { copyWhole } from '../host/copy.ts';
import { kindOf, makeFolder } from '../host/files.ts';
import { etcdEntries } from '../steps/etcd.ts';
import { forEnvironment, type World } from '../world.ts';
import { readyRecord } from './existing.ts';
import { makingOf } from './making.ts';
import { announce } from './side.ts';
import { startUnderLock } from './start.ts';
import { stopUnderLock } from './stop.ts';

/** A snapshot as it is told. The shape is a contract: `bai-dev snapshot --json` prints it. */
export interface SnapshotRow {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  /** ISO 8601; absent, as all below, where it is damaged. */
  readonly createdAt?: string;
  readonly release?: string;
  readonly engine?: string;
  readonly bytes?: number;
  /** Stores that were not there to be saved. */
  readonly missing?: readonly string[];
  /** Why it cannot be used. */
  readonly trouble?: string;
}

/** A name by the time, such as a person would sort by. */
export const timeStamp = (now: Date): string => now.toISOString().slice(0, 19).replaceAll(':', '-');

/** Stops what runs, copies, and starts what ran. `BAI-CONFLICT-PHASE` while a restore is cut off. */
export async function saveSnapshot(
  outer: World,
  { id, name = timeStamp(outer.now()) }: { readonly id: string; readonly name?: string },
): Promise<SnapshotRow> {
  const world = forEnvironment(outer, id);
  parseSnapshotName(name);
  announce(world, await readyRecord(world, id), 'snapshot');
  const lock = await acquireLock(world, statePaths(world.host, id).lock, { command: `snapshot save ${id}` });
  try {
    const record = await readyRecord(world, id);
    return await whileStopped(world, record, () => saveUnderLock(world, record, name));
  } finally {
    await lock.release();
  }
}

/** Copies the data of an environment of which nothing runs. Throws when none of it can be saved. */
export async function saveUnderLock(
  world: World,
  record: EnvironmentRecord,
  name: string,
): Promise<SnapshotRow> {
  const { spec, secrets } = record;
  const making = makingOf(world, record);
  if ((await readRestore(world.host, spec.id)) !== undefined) {
    throw new Failure('BAI-CONFLICT-PHASE', `A restore of ${spec.id} was cut off.`, {
      next: [{ purpose: 'finish it', command: `bai-dev start ${spec.id} --halfstack-only` }],
    });
  }
  const described = {
    ...{ id: spec.id, name, createdAt: world.now().toISOString() },
    ...{ release: spec.release.version, engine: spec.engine, servers: serversOf(record) },
    databasePassword: secrets.databasePassword,
    keys: Object.fromEntries(etcdEntries(making).map(({ key, value }) => [key, value])),
  };
  const manifest = await makeSnapshot(world.host, described, async (folder) => {
    const missing = await making.engine.stores(making.stack).save(folder);
    if (missing.length === making.stack.services.length) {
      throw new Failure('BAI-ENGINE', `${spec.id} has no data that could be saved.`);
    }
    await saveConfiguration(record, join(folder, 'configuration'));
    return missing;
  });
  return {
    ...{ id: spec.id, name, folder: snapshotFolder(world.host, spec.id, name) },
    ...{ createdAt: manifest.createdAt, release: manifest.release, engine: manifest.engine },
    ...{ bytes: bytesOf(manifest), missing: manifest.missing },
  };
}

/** Stops all of an environment, works, and starts again what ran, also after a failure. */
export async function whileStopped<T>(
  world: World,
  record: EnvironmentRecord,
  work: () => Promise<T>,
): Promise<T> {
  const daemons = daemonsOf(world.host, record.spec);
  const running = await runningDaemons(
    world.host,
    record,
    daemons.map(({ name }) => name),
  );
  const { engine, stack } = makingOf(world, record);
  const states = await engine.status(stack);
  const ran = states.some(({ state }) => ['starting', 'healthy', 'unhealthy'].includes(state));
  await stopUnderLock(world, record, { daemons, halfstack: true });
  try {
    return await work();
  } finally {
    const only = daemons.map(({ name }) => name).filter((name) => running.get(name)?.main !== undefined);
    if ((ran || only.length > 0) && !world.signal.aborted) {
      await startUnderLock(world, record, {
        ...{ id: record.spec.id, tmux: false, force: true, limit: 120 },
        ...(only.length === 0 ? { halfstackOnly: true } : { halfstackOnly: false, only }),
      });
    }
  }
}

/** All snapshots, or those of one environment, whether that exists or not. Only looks. */
export async function snapshotRows({ host }: World, id?: string): Promise<SnapshotRow[]> {
  return (await listSnapshots(host, id)).map(({ manifest, trouble, ...known }) => ({
    ...known,
    ...(trouble === undefined ? {} : { trouble }),
    ...(manifest === undefined
      ? {}
      : {
          ...{ createdAt: manifest.createdAt, release: manifest.release, engine: manifest.engine },
          ...{ bytes: bytesOf(manifest), missing: manifest.missing },
        }),
  }));
}

/** Removes a snapshot, damaged or not. */
export async function deleteSnapshot(world: World, id: string, name: string): Promise<SnapshotRow> {
  const lock = await acquireLock(world, statePaths(world.host, id).lock, {
    command: `snapshot delete ${id}`,
  });
  try {
    const row = (await snapshotRows(world, id)).find((one) => one.name === name);
    if (row === undefined) return await findSnapshot(world.host, id, name);
    await removeSnapshot(world.host, id, name);
    return row;
  } finally {
    await lock.release();
  }
}

/** What runs each store: only the same reads its data. */
export function serversOf({ spec }: EnvironmentRecord): Record<string, string> {
  return spec.servers === undefined
    ? { ...spec.images }
    : Object.fromEntries(Object.entries(spec.servers).map(([role, { version }]) => [role, version]));
}

/** The files that refer to the data, for readers: a restore leaves the environment's own as they are. */
async function saveConfiguration({ spec, resources }: EnvironmentRecord, folder: string): Promise<void> {
  for (const resource of resources) {
    if (resource.kind !== 'file' || !resource.path.startsWith(`${spec.installPath}/`)) continue;
    if ((await kindOf(resource.path)) !== 'file') continue;
    const to = join(folder, relative(spec.installPath, resource.path));
    await makeFolder(dirname(to), 0o700);
    await copyWhole(resource.path, to);
  }
}
