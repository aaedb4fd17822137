// Saves the data of an environment's three stores at one point in time; what ran before runs again afterwards.
import { dirname, join, relative } from 'node:path';
import { acquireLock } from '../environment/lock.ts';
import { snapshotsFolder, statePaths } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { readRestore } from '../environment/restoring.ts';
import { findUserFiles, saveUserFiles } from '../environment/user-files.ts';
import { Failure } from '../failure.ts';
import {
  assertNameFree,
  bytesOf,
  findSnapshot,
  listSnapshots,
  makeSnapshot,
  parseSnapshotName,
  removeSnapshot,
  snapshotFolder,
  type Described,
  type Manifest,
} from '../halfstack/snapshots.ts';
import { copyWhole } from '../host/copy.ts';
import { kindOf, makeFolder } from '../host/files.ts';
import { diskOf } from '../host/room.ts';
import { quoted } from '../quoted.ts';
import { etcdEntries } from '../steps/etcd.ts';
import { forEnvironment, type World } from '../world.ts';
import { consent } from './consent.ts';
import { readyRecord } from './existing.ts';
import { makingOf } from './making.ts';
import { announcePause, whileStopped } from './pause.ts';
import { announce } from './side.ts';

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

/**
 * Stops what runs, copies, and starts what ran. Before anything stops it throws what can be known beforehand:
 * `BAI-USAGE` for a name that cannot be one, `BAI-CONFLICT-OWNER` for one that is taken, `BAI-FILESYSTEM` when the disk
 * is too full, `BAI-CONFLICT-PHASE` while a restore is unfinished.
 */
export async function saveSnapshot(
  outer: World,
  { id, name = timeStamp(outer.now()) }: { readonly id: string; readonly name?: string },
): Promise<SnapshotRow> {
  const world = forEnvironment(outer, id);
  parseSnapshotName(name);
  const looked = await readyRecord(world, id);
  announce(world, looked, 'snapshot');
  await assertSavable(world, looked, { name });
  const lock = await acquireLock(world, statePaths(world.host, id).lock, { command: `snapshot save ${id}` });
  try {
    const record = await readyRecord(world, id);
    await assertSavable(world, record, { name });
    await announcePause(world, record, 'its data is copied');
    return await whileStopped(world, record, () => saveUnderLock(world, record, { name }));
  } finally {
    await lock.release();
  }
}

/** What a data command is about to replace or remove. */
export type Replacing = Exclude<NonNullable<Manifest['before']>, 'delete'>;

/**
 * Saves what a data command is about to replace, of an environment of which nothing runs; undefined if no store has
 * data. Fails when it cannot, with `again` as the command that goes on without.
 */
export async function saveBefore(
  world: World,
  record: EnvironmentRecord,
  { before, again }: { readonly before: Replacing; readonly again: string },
): Promise<SnapshotRow | undefined> {
  const { id } = record.spec;
  try {
    const name = `before-${before}-${timeStamp(world.now())}`;
    await assertSavable(world, record, { name, before });
    const row = await saveUnderLock(world, record, { name, before });
    const { missing = [] } = row;
    const lacking = missing.length === 0 ? '' : `, without that of ${missing.join(' and ')}, which is gone`;
    const message = `The data of ${id} is saved as snapshot ${name}${lacking}.`;
    world.report.emit({ kind: 'note', severity: 'note', message });
    return row;
  } catch (error) {
    world.signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    if (error.more.facts?.['empty'] === true) return undefined;
    throw new Failure(error.code, `The data of ${id} could not be saved first. ${error.message}`, {
      ...error.more,
      cause: error,
      next: [...(error.more.next ?? []), { purpose: 'go on without saving it', command: again }],
    });
  }
}

/** What keeps a snapshot from being made, as far as it can be known while everything runs. */
async function assertSavable(
  world: World,
  record: EnvironmentRecord,
  { name, before }: { readonly name: string; readonly before?: Manifest['before'] },
): Promise<void> {
  const { id } = record.spec;
  if ((await readRestore(world.host, id)) !== undefined) {
    throw new Failure('BAI-CONFLICT-PHASE', `A restore of ${id} was interrupted.`, {
      next: [{ purpose: 'finish it', command: `bai-dev start ${id} --halfstack-only` }],
    });
  }
  await assertNameFree(world.host, id, name);
  const making = makingOf(world, record);
  const data = await making.engine.stores(making.stack).bytes();
  const files = holdsFiles(before) ? (await findUserFiles(record)).filter(({ goes }) => goes) : [];
  const needed = least + data / compression + files.reduce((sum, { bytes }) => sum + bytes, 0);
  const { folder, free } = await diskOf(snapshotsFolder(world.host, id));
  if (free >= needed) return;
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  throw new Failure(
    'BAI-FILESYSTEM',
    `A snapshot of ${id} needs about ${megabytes(needed)} in ${folder}, where ${megabytes(free)} are free.`,
    {
      facts: { folder, needed, free },
      next: [
        { purpose: 'see what fills it', command: `df -h ${quoted(folder)}` },
        { purpose: 'see which snapshots there are', command: 'bai-dev snapshot list' },
      ],
    },
  );
}

/** A reset and a change leave files in virtual folders as they are, so their snapshots need none. */
const holdsFiles = (before: Manifest['before']): boolean => before !== 'reset' && before !== 'change';

/** Bytes that even a fresh environment's snapshot may take. */
const least = 8_000_000;

/** How many times smaller data gets at least, as a rule: write-ahead logs are mostly empty. */
const compression = 4;

/** Copies the data of an environment of which nothing runs. Throws when none of it can be saved. */
export async function saveUnderLock(
  world: World,
  record: EnvironmentRecord,
  { name, before }: { readonly name: string; readonly before?: Manifest['before'] },
): Promise<SnapshotRow> {
  const { spec, secrets } = record;
  const making = makingOf(world, record);
  if ((await readRestore(world.host, spec.id)) !== undefined) {
    throw new Failure('BAI-CONFLICT-PHASE', `A restore of ${spec.id} was interrupted.`, {
      next: [{ purpose: 'finish it', command: `bai-dev start ${spec.id} --halfstack-only` }],
    });
  }
  const described: Described = {
    ...{ id: spec.id, name, createdAt: world.now().toISOString() },
    ...{ release: spec.release.version, engine: spec.engine, servers: serversOf(record) },
    ...{ consistency: 'stopped', spec, databasePassword: secrets.databasePassword },
    keys: Object.fromEntries(etcdEntries(making).map(({ key, value }) => [key, value])),
    ...(before === undefined ? {} : { before }),
  };
  const manifest = await makeSnapshot(world.host, described, async (folder) => {
    const missing = await making.engine.stores(making.stack).save(folder);
    if (missing.length === making.stack.services.length) {
      throw new Failure('BAI-ENGINE', `${spec.id} has no data that could be saved.`, {
        facts: { empty: true },
      });
    }
    await saveConfiguration(record, join(folder, 'configuration'));
    // a second name costs no room, and is no copy that a change would spoil once the first one is removed
    if (holdsFiles(before)) await saveUserFiles(record, folder, { share: before === 'delete' });
    return missing;
  });
  return {
    ...{ id: spec.id, name, folder: snapshotFolder(world.host, spec.id, name) },
    ...{ createdAt: manifest.createdAt, release: manifest.release, engine: manifest.engine },
    ...{ bytes: bytesOf(manifest), missing: manifest.missing },
  };
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

/** Removes a snapshot, damaged or not, after a yes. */
export async function deleteSnapshot(
  world: World,
  { id, name, yes }: { readonly id: string; readonly name: string; readonly yes: boolean },
): Promise<SnapshotRow> {
  const known = (await snapshotRows(world, id)).find((one) => one.name === name);
  if (known === undefined) await findSnapshot(world.host, id, name);
  const saved =
    known?.createdAt === undefined ? '' : `, saved ${known.createdAt.slice(0, 16).replace('T', ' ')}`;
  await consent(world, {
    yes,
    question: `Delete snapshot ${name} of ${id}${saved}?`,
    act: `Deleting snapshot ${name} of ${id}`,
    command: `bai-dev snapshot delete ${id} ${name} --yes`,
    declined: 'Nothing has been removed.',
  });
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
