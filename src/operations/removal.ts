// The removal itself: everything that a record names, newest first, going on past what cannot be removed.
import { dirname, join } from 'node:path';
import { removeShared } from '../daemons/runners.ts';
import { openJournal } from '../environment/journal.ts';
import { acquireLock, lockHolder } from '../environment/lock.ts';
import { markerFile, rescuesFolder, snapshotsFolder, statePaths } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { forgetEnvironment } from '../environment/store.ts';
import { Failure, type NextCommand } from '../failure.ts';
import { halfSnapshot } from '../halfstack/snapshots.ts';
import { isDiskFull, removeEmptyFolder, removeWhole } from '../host/files.ts';
import { diskOf } from '../host/room.ts';
import { describeResource, removeRecorded } from '../resources/inventory.ts';
import type { Removal } from '../resources/handling.ts';
import type { Resource } from '../resources/resource.ts';
import { halfRescue } from '../source/rescue.ts';
import type { Host, World } from '../world.ts';
import { splitOf, type Part } from './belongings.ts';
import { existingRecord } from './existing.ts';
import { assertNoGuests, endGuests, enterRelays, stopRunning, strayContainers } from './living.ts';
import { makingOf } from './making.ts';
import { namesakesOf } from './namesakes.ts';
import { keptNames } from './outlook.ts';
import { saveUnderLock, timeStamp, type SnapshotRow } from './snapshot.ts';
import { leaveIfLast } from './stop.ts';
import { assertNoUserFiles, rescueFiles, userFilesAmong, type SavedFiles } from './user-files.ts';
import { assertNoWork, rescueWork, workAmong, type Rescued } from './work.ts';

export interface RemovalWish {
  /** These parts stay, and the record with them. */
  readonly kept: ReadonlySet<Part>;
  /**
   * Work in source trees is saved instead of being in the way, and what runs by hand is ended. Without a snapshot the
   * user's files in virtual folders go unsaved.
   */
  readonly force: boolean;
  /** The data and the files in virtual folders are saved first; nothing is removed when they cannot be. */
  readonly snapshot: boolean;
}

/** How a removal that began earlier is finished. */
export const wholeRemoval: RemovalWish = { kept: new Set(), force: false, snapshot: false };

export interface Removed {
  /** What was removed. */
  readonly removed: readonly string[];
  /** What stays: it was to be kept, or something of the user's is in it. */
  readonly kept: readonly string[];
  /** What is called like a thing of it and no bai-dev made: left alone. */
  readonly namesakes: readonly string[];
  readonly rescued?: Rescued;
  readonly snapshot?: SnapshotRow;
  /** Files in virtual folders that no snapshot holds. */
  readonly savedFiles?: SavedFiles;
  /** What is not in the snapshot, or why there is none, although one was wanted: it was gone before. */
  readonly unsaved?: string;
}

/** What was agreed to before, or begun by an earlier run; takes the environment's lock. */
export async function removeEnvironment(world: World, id: string, wish: RemovalWish): Promise<Removed> {
  if (!wish.snapshot) await makeRoom(world.host, id);
  const lock = await acquireLock(world, statePaths(world.host, id).lock, {
    command: `delete -e ${id}`,
  }).catch((error: unknown) => {
    throw wish.snapshot && error instanceof Failure && isDiskFull(error) ? unsaved(id, wish, error) : error;
  });
  try {
    const record = await existingRecord(world, id);
    return await removeUnderLock(world, record, wish);
  } finally {
    await lock.release();
  }
}

/** Bytes that a lock and a record need at most. */
const scarce = 1_000_000;

/** A full disk has no room even for a lock: the environment's logs, which go with it anyway, make some. */
async function makeRoom(host: Host, id: string): Promise<void> {
  const { folder, lock, log, logs } = statePaths(host, id);
  if ((await diskOf(folder)).free >= scarce || (await lockHolder(lock)) !== undefined) return;
  for (const path of [log, logs]) await removeWhole(path);
}

async function removeUnderLock(world: World, record: EnvironmentRecord, wish: RemovalWish): Promise<Removed> {
  const { kept, force } = wish;
  const { go, stay } = splitOf(record, kept);
  const work = await workAmong(world, record, go);
  if (!force) assertNoWork(record, work);
  if (!force) await assertNoGuests(world, record);
  if (isDropping(record, wish))
    assertNoUserFiles(record, await userFilesAmong(record, go), waysOf(record, wish));
  const rescued = await rescueWork(world, record, work);
  const saved = await saveData(world, record, wish);
  const journal = openJournal(world, record);
  // what is cut off while parts are to be kept must not be finished as if nothing were
  const phase = kept.size > 0 ? 'kept' : 'deleting';
  const noted = await noteUnlessFull(world, () => journal.setPhase(phase));
  await endGuests(world, record);
  await stopRunning(world, record);
  await noteUnlessFull(world, () => enterRelays(world, record, journal));
  const done = await removeAll(world, record, splitOf(record, kept).go);
  // what has been removed may have made room for it
  if (!noted && done.leftovers.length > 0) await noteUnlessFull(world, () => journal.setPhase(phase));
  assertNothingLeft(done, record.spec.id, deletionOf(record.spec.id, wish));
  const named = stay.filter(({ kind }) => kind !== 'lease').map(describeResource);
  if (kept.size === 0) await forgetAll(world.host, record.spec.id);
  await leaveIfLast(world, record);
  const shared = await removeShared(world);
  const namesakes = await namesakesOf(world, record);
  return {
    removed: [...done.removed, ...shared],
    kept: [...named, ...done.kept],
    namesakes,
    ...saved,
    ...(rescued && { rescued }),
  };
}

/** True if files in virtual folders would go unsaved without a word: an interrupted removal saves what is left. */
export const isDropping = ({ phase }: Pick<EnvironmentRecord, 'phase'>, wish: RemovalWish): boolean =>
  !wish.snapshot && !wish.force && phase !== 'deleting';

/** The commands that save the files in virtual folders, and that drop them. */
export const waysOf = (
  { spec }: EnvironmentRecord,
  wish: RemovalWish,
): { readonly saved: string; readonly forced: string } => ({
  saved: deletionOf(spec.id, { ...wish, snapshot: true }),
  forced: deletionOf(spec.id, { ...wish, force: true }),
});

type Saved = Pick<Removed, 'snapshot' | 'savedFiles' | 'unsaved'>;

/**
 * Of a half-made environment there are no data yet, and of a half-removed one the run that began it has saved them: only
 * the user's files are saved then. Throws `BAI-UNSAVED` when something that is there cannot be saved.
 */
async function saveData(world: World, record: EnvironmentRecord, wish: RemovalWish): Promise<Saved> {
  const { kept, force, snapshot } = wish;
  // the virtual folders stay with the data
  if (kept.has('halfstack') || (force && !snapshot)) return {};
  try {
    const data = snapshot && ['ready', 'kept'].includes(record.phase) ? await saveStores(world, record) : {};
    if (data.snapshot !== undefined) return data;
    const savedFiles = await rescueFiles(world, record);
    return { ...data, ...(savedFiles && { savedFiles }) };
  } catch (error) {
    world.signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    throw unsaved(record.spec.id, wish, error);
  }
}

function unsaved(id: string, wish: RemovalWish, error: Failure): Failure {
  const reason = `The data of ${id} could not be saved, so nothing has been removed. ${error.message}`;
  return new Failure('BAI-UNSAVED', reason, {
    ...error.more,
    cause: error,
    next: [
      ...(error.more.next ?? []),
      { purpose: 'delete without saving', command: deletionOf(id, { ...wish, snapshot: false }) },
    ],
  });
}

/** False, with a warning, when the disk is too full to write down what is done: a removal that frees it goes on. */
async function noteUnlessFull(world: World, write: () => Promise<void>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    const message = 'The disk is too full to record the progress of this removal. It goes on without.';
    world.report.emit({ kind: 'note', severity: 'warning', message });
    return false;
  }
}

/** Stores that are gone are named; if all are, there is nothing that could be saved. */
async function saveStores(world: World, record: EnvironmentRecord): Promise<Saved> {
  await stopRunning(world, record);
  const { engine, stack } = makingOf(world, record);
  await engine.stop(stack);
  const name = `deleted-${timeStamp(world.now())}`;
  try {
    const row = await saveUnderLock(world, record, { name, before: 'delete' });
    const { missing = [] } = row;
    return { snapshot: row, ...(missing.length > 0 && { unsaved: `Not saved: ${missing.join(', ')}.` }) };
  } catch (error) {
    if (!(error instanceof Failure) || error.more.facts?.['empty'] !== true) throw error;
    world.report.emit({ kind: 'note', severity: 'warning', message: error.message });
    return { unsaved: error.message };
  }
}

/** Halves of what was to be saved go with the environment; what is whole stays. */
async function forgetAll(host: Host, id: string): Promise<void> {
  for (const [folder, half] of [
    [rescuesFolder(host, id), halfRescue],
    [snapshotsFolder(host, id), halfSnapshot],
  ] as const) {
    await removeWhole(join(folder, half));
    if (await removeEmptyFolder(folder)) await removeEmptyFolder(dirname(folder));
  }
  await forgetEnvironment(host, id);
}

interface Done {
  readonly total: number;
  readonly removed: string[];
  readonly kept: string[];
  readonly leftovers: { readonly resource: string; readonly failure: Failure }[];
}

async function removeAll(world: World, record: EnvironmentRecord, go: readonly Resource[]): Promise<Done> {
  const done: Done = { total: go.length, removed: [], kept: [], leftovers: [] };
  const attempt = async (name: string, remove: () => Promise<Removal>): Promise<Removal | 'failed'> => {
    world.signal.throwIfAborted();
    try {
      const outcome = await remove();
      world.report.emit({ kind: 'removal', resource: name, outcome });
      if (outcome === 'removed') done.removed.push(name);
      return outcome;
    } catch (failure) {
      world.signal.throwIfAborted();
      if (!(failure instanceof Failure)) throw failure;
      world.report.emit({ kind: 'removal', resource: name, outcome: 'failed', reason: failure.message });
      done.leftovers.push({ resource: name, failure });
      return 'failed';
    }
  };
  for (const { name, remove } of await strayContainers(world, record)) await attempt(name, remove);
  for (const resource of newestFirst(go, record)) {
    // what is left in the install path could not be proven to be of this environment any more
    if (done.leftovers.length > 0 && isMarker(resource, record)) continue;
    const name = describeResource(resource);
    const outcome = await attempt(name, () => removeRecorded(world, record, resource));
    if (outcome === 'kept') done.kept.push(...(await keptNames(record, resource)));
  }
  return done;
}

/** The marker goes right before its folder: as long as anything else lies in that, it proves whose it is. */
function newestFirst(go: readonly Resource[], { spec }: Pick<EnvironmentRecord, 'spec'>): Resource[] {
  const marks = (one: Resource): boolean => isMarker(one, { spec });
  const isOutside = (one: Resource): boolean =>
    one.kind === 'folder' && `${spec.installPath}/`.startsWith(`${one.path}/`);
  const newest = [...go].reverse();
  return [
    ...newest.filter((one) => !marks(one) && !isOutside(one)),
    ...newest.filter(marks),
    ...newest.filter(isOutside),
  ];
}

const isMarker = (one: Resource, { spec }: Pick<EnvironmentRecord, 'spec'>): boolean =>
  one.kind === 'file' && one.path === markerFile(spec);

function assertNothingLeft({ total, leftovers }: Done, id: string, again: string): void {
  if (leftovers.length === 0) return;
  const told = leftovers.map(({ resource, failure }) => ({ resource, reason: failure.message }));
  const next = leftovers.flatMap(({ failure }) => failure.more.next ?? []);
  throw new Failure('BAI-LEFTOVERS', `${told.length} of ${total} things of ${id} could not be removed.`, {
    facts: { leftovers: told },
    lines: told.map(({ resource, reason }) => `${resource}: ${reason}`),
    next: [...onceEach(next), { purpose: 'continue', command: again }],
  });
}

/** The command that was given, or does the same. */
export function deletionOf(id: string, { kept, force, snapshot }: RemovalWish): string {
  const flags = [...kept].map((part) => skipFlags[part]).filter((flag) => flag !== undefined);
  return [
    'bai-dev delete -e',
    id,
    ...flags,
    ...(force ? ['--force'] : []),
    ...(snapshot ? [] : ['--no-snapshot']),
  ].join(' ');
}

const skipFlags: Readonly<Partial<Record<Part, string>>> = {
  halfstack: '--skip-containers',
  virtualenvs: '--skip-venvs',
  sources: '--skip-source',
};

/** Many things are often held by one obstacle; more than a few ways out help nobody. */
function onceEach(next: readonly NextCommand[]): NextCommand[] {
  const known = new Map(next.map((one) => [one.command, one]));
  return [...known.values()].filter(({ command }) => !command.startsWith('bai-dev delete')).slice(0, 4);
}
