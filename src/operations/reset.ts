// Gives an environment a fresh database, Redis and etcd; sources, virtualenvs and configuration stay as they are.
import { daemonsOf } from '../daemons/daemon.ts';
import { acquireLock } from '../environment/lock.ts';
import { openJournal } from '../environment/journal.ts';
import { statePaths } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { describeResource, removeRecorded } from '../resources/inventory.ts';
import { stopwatch } from './stopwatch.ts';
import { forEnvironment, type World } from '../world.ts';
import { consent } from './consent.ts';
import { existingRecord, readyRecord } from './existing.ts';
import { makingOf, stepsOfRecord } from './making.ts';
import { announcePause, runningOf, startAgain } from './pause.ts';
import { announce } from './side.ts';
import { saveBefore, type SnapshotRow } from './snapshot.ts';
import { stopUnderLock } from './stop.ts';
import { walk } from './walk.ts';

export interface ResetRequest {
  readonly id: string;
  readonly yes: boolean;
  /** The data is saved first. */
  readonly snapshot: boolean;
}

export interface ResetResult {
  readonly id: string;
  /** Daemons that ran before; they run again. */
  readonly stopped: readonly string[];
  /** What the data was saved as. */
  readonly saved?: SnapshotRow;
  /** What held the data. */
  readonly removed: readonly string[];
  readonly seconds: number;
}

/**
 * Stops the daemons, saves the data, removes what holds it, makes and fills it again by the steps that the install
 * took, and starts again the daemons that ran. Files in the virtual folders stay. While it is under way the environment counts as half installed, so that both
 * `reset` and `install` go on after an interruption.
 */
export async function reset(outer: World, request: ResetRequest): Promise<ResetResult> {
  const watch = stopwatch(outer);
  const { id } = request;
  const world = forEnvironment(watch.world, id);
  const looked = await wholeRecord(world, id);
  announce(world, looked, 'reset');
  await announcePause(world, looked, 'its data is made again');
  const command = `bai-dev reset ${id}${request.snapshot ? '' : ' --no-snapshot'} --yes`;
  await consent(world, {
    yes: request.yes,
    question: `Erase PostgreSQL, Redis and etcd data of ${id}?${request.snapshot ? ' It is saved as a snapshot first.' : ''}`,
    act: `Resetting ${id}`,
    command,
    declined: 'Nothing has been changed.',
  });
  const lock = await acquireLock(world, statePaths(world.host, id).lock, { command: `reset ${id}` });
  try {
    const record = await wholeRecord(world, id);
    const journal = openJournal(world, record);
    const running = await runningOf(world, record);
    await stopUnderLock(world, record, { daemons: daemonsOf(world.host, record.spec), halfstack: true });
    const saved = await saveFirst(world, record, request).catch(async (error: unknown) => {
      if (!world.signal.aborted) await startAgain(world, record, running).catch(() => undefined);
      throw error;
    });
    await journal.setPhase('installing');
    const removed = await removeData(world, record);
    world.report.emit({ kind: 'log-opened', path: statePaths(world.host, id).log });
    await walk(world, { record, steps: stepsOfRecord(world, record), journal });
    await journal.setPhase('ready');
    const { daemons } = running;
    await startAgain(world, record, { daemons, halfstack: false });
    const seconds = watch.seconds();
    return { id, stopped: daemons, removed, ...(saved && { saved }), seconds };
  } finally {
    await lock.release();
  }
}

/** A reset that goes on after an interruption finds half of the fresh data, and the former is saved already. */
async function saveFirst(
  world: World,
  record: EnvironmentRecord,
  { id, snapshot }: ResetRequest,
): Promise<SnapshotRow | undefined> {
  if (!snapshot || record.phase !== 'ready') return undefined;
  return saveBefore(world, record, { before: 'reset', again: `bai-dev reset ${id} --no-snapshot` });
}

/** Ready, or on the way to it again: an install of which every step was begun lacks nothing that a reset keeps. */
async function wholeRecord(world: World, id: string): Promise<EnvironmentRecord> {
  const record = await existingRecord(world, id);
  const begun = stepsOfRecord(world, record).every((step) => record.marks[step.id] !== undefined);
  return record.phase === 'installing' && begun && record.former === undefined
    ? record
    : readyRecord(world, id);
}

/** The record goes on to name what was removed: the steps make the very same things again. */
async function removeData(world: World, record: EnvironmentRecord): Promise<string[]> {
  const { engine, stack } = makingOf(world, record);
  const removed: string[] = [];
  for (const resource of [...engine.resources(stack)].reverse()) {
    world.signal.throwIfAborted();
    const outcome = await removeRecorded(world, record, resource);
    const name = describeResource(resource);
    world.report.emit({ kind: 'removal', resource: name, outcome });
    if (outcome === 'removed') removed.push(name);
  }
  return removed;
}
