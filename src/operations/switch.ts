// Changes over from what runs to another environment, as one transaction: it runs alone afterwards, or all is as before.
import { daemonsOf } from '../daemons/daemon.ts';
import { acquireLock, lockHolder, type Lock } from '../environment/lock.ts';
import { statePaths } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { listIds, readRecord } from '../environment/store.ts';
import {
  endSwitch,
  readSwitch,
  switchPaths,
  writeSwitch,
  type RunningEnvironment,
  type SwitchJournal,
} from '../environment/switching.ts';
import { forEnvironment, type World } from '../world.ts';
import { readyRecord } from './existing.ts';
import { makingOf } from './making.ts';
import { assertData, assertWhole } from './missing.ts';
import { announce } from './side.ts';
import { runs, standings, type Standings } from './standings.ts';
import { startUnderLock, type StartResult } from './start.ts';
import { stopUnderLock } from './stop.ts';
import { toldAs } from './told.ts';
import { undo } from './undo.ts';

export interface SwitchRequest {
  readonly id: string;
  /** Its daemons too, also where what ran before had none. */
  readonly start: boolean;
  readonly tmux: boolean;
  /** Seconds that each daemon has to get ready. */
  readonly limit: number;
}

export interface SwitchResult {
  readonly id: string;
  /** `unchanged`: it ran already, and nothing else of ours did. */
  readonly outcome: 'switched' | 'unchanged';
  readonly stopped: readonly RunningEnvironment[];
  /** Absent where nothing had to be looked at closer. */
  readonly started?: StartResult;
  /** Environments that run and are not ours, or that we cannot understand: left alone. */
  readonly left: readonly string[];
  /** The target of an earlier switch that was cut off and is mended by this one. */
  readonly mended?: string;
  readonly seconds: number;
}

/**
 * Stops every other environment of ours and starts this one. If that does not get well, it is stopped again, what
 * ran before is started again, and `BAI-SWITCH` tells both. A switch that was cut off is mended by the next one.
 */
export async function switchTo(outer: World, request: SwitchRequest): Promise<SwitchResult> {
  const began = performance.now();
  const world = forEnvironment(outer, request.id);
  const { host } = world;
  const { id } = request;
  const record = await readyRecord(world, id);
  announce(world, record, 'switch');
  const seen = await standings(world);
  const left = tellLeft(world, seen);
  const done = (more: Omit<SwitchResult, 'id' | 'left' | 'seconds'>): SwitchResult => ({
    ...{ id, left, ...more },
    seconds: (performance.now() - began) / 1000,
  });
  if (await isSwitched(world, { record, seen, request })) return done({ outcome: 'unchanged', stopped: [] });
  const lock = await acquireLock(world, switchPaths(host).lock, { command: `switch ${id}` });
  try {
    return done(await underLock(world, request));
  } finally {
    await lock.release();
  }
}

async function underLock(
  world: World,
  request: SwitchRequest,
): Promise<Omit<SwitchResult, 'id' | 'left' | 'seconds'>> {
  const { host } = world;
  const { id, tmux, limit } = request;
  const cutOff = await readSwitch(host);
  // of all that could be started meanwhile, so that what runs is asked when nothing can be just starting
  const locks = await lockAll(world, id, [...(await startable(world)), ...(cutOff?.before ?? [])]);
  try {
    const running = runningOf(await standings(world));
    const before = cutOff === undefined ? running : beforeBoth(cutOff, running);
    const others = running.filter((one) => one.id !== id);
    await lockAlso(world, { locks, id, others });
    const record = await readyRecord(world, id);
    await assertWhole(record, undefined);
    await assertData(forEnvironment(world, id), record);
    const records = await recordsOf(world, [...before, ...others]);
    const journal: SwitchJournal = {
      schema: 1,
      target: id,
      daemons: request.start || wantsDaemons(id, before, cutOff),
      before: [...before],
      stage: 'stopping',
      since: world.now().toISOString(),
    };
    await writeSwitch(host, journal);
    const parts = { journal, record, records, limit };
    try {
      for (const other of others) await stopOther(world, records.get(other.id));
      await writeSwitch(host, { ...journal, stage: 'starting' });
      const started = await startUnderLock(toldAs(world, id, `Start ${id}`), record, {
        ...{ id, tmux, limit, force: false },
        halfstackOnly: !journal.daemons,
      });
      await endSwitch(host);
      const idle =
        started.halfstack === 'running' && started.daemons.every(({ outcome }) => outcome !== 'started');
      return {
        outcome: idle && others.length === 0 ? 'unchanged' : 'switched',
        stopped: others,
        started,
        ...(cutOff === undefined ? {} : { mended: cutOff.target }),
      };
    } catch (error) {
      // an interrupted switch does nothing more; its journal tells the next one
      world.signal.throwIfAborted();
      throw await undo(world, { ...parts, error });
    }
  } finally {
    for (const { lock } of locks) await lock.release();
  }
}

/** Only looks: whether it runs as wanted, alone, and no earlier switch is to be mended. */
async function isSwitched(
  world: World,
  known: { record: EnvironmentRecord; seen: Standings; request: SwitchRequest },
): Promise<boolean> {
  const { record, seen, request } = known;
  if ((await readSwitch(world.host)) !== undefined) return false;
  const running = runningOf(seen);
  const [own] = running;
  if (own?.id !== request.id || running.length > 1 || !own.halfstack) return false;
  // another one that somebody is at work on may be just starting
  const others = seen.ours.filter(({ id, record: other }) => id !== own.id && other?.phase === 'ready');
  const holders = await Promise.all(others.map(({ id }) => lockHolder(statePaths(world.host, id).lock)));
  if (holders.some((holder) => holder !== undefined)) return false;
  const wanted = request.start ? daemonsOf(world.host, record.spec) : [];
  if (!wanted.every(({ name }) => own.daemons.includes(name))) return false;
  const { engine, stack } = makingOf(world, record);
  return (await engine.status(stack)).every(({ state }) => state === 'healthy');
}

/** Those of ours of which something runs and that we understand. */
const runningOf = ({ ours }: Standings): RunningEnvironment[] =>
  ours
    .filter((one) => one.record !== undefined && runs(one))
    .map((one) => ({
      id: one.id,
      halfstack: runs({ ...one, daemons: [] }),
      daemons: [...one.daemons],
    }));

/** What ran before a switch that was cut off, and what somebody started since. */
function beforeBoth(cutOff: SwitchJournal, running: readonly RunningEnvironment[]): RunningEnvironment[] {
  const known = new Set([cutOff.target, ...cutOff.before.map(({ id }) => id)]);
  return [...cutOff.before, ...running.filter(({ id }) => !known.has(id))];
}

/** Daemons run afterwards if any ran that have to give way, or if a cut-off switch wanted or stopped some. */
function wantsDaemons(
  id: string,
  before: readonly RunningEnvironment[],
  cutOff: SwitchJournal | undefined,
): boolean {
  if (cutOff?.target === id && cutOff.daemons) return true;
  return before.some((one) => one.daemons.length > 0 && (one.id !== id || cutOff !== undefined));
}

async function stopOther(world: World, record: EnvironmentRecord | undefined): Promise<void> {
  if (record === undefined) return;
  const { id } = record.spec;
  await stopUnderLock(toldAs(world, id, `Stop ${id}`), record, {
    daemons: daemonsOf(world.host, record.spec),
    halfstack: true,
  });
}

interface Held {
  readonly id: string;
  readonly lock: Lock;
}

/** The locks of all that may change, before anything does. Throws `BAI-LOCKED`, and then holds none. */
async function lockAll(world: World, id: string, others: readonly { id: string }[]): Promise<Held[]> {
  const locks: Held[] = [];
  try {
    await lockAlso(world, { locks, id, others: [{ id }, ...others] });
    return locks;
  } catch (error) {
    for (const { lock } of locks) await lock.release();
    throw error;
  }
}

/** Those that are not held yet, e.g. of a half-installed environment that runs: always in one order. */
async function lockAlso(
  world: World,
  { locks, id, others }: { locks: Held[]; id: string; others: readonly { id: string }[] },
): Promise<void> {
  const held = new Set(locks.map((one) => one.id));
  for (const each of [...new Set(others.map((one) => one.id))].filter((one) => !held.has(one)).sort()) {
    const path = statePaths(world.host, each).lock;
    const lock = await acquireLock(forEnvironment(world, each), path, { command: `switch ${id}` });
    locks.push({ id: each, lock });
  }
}

/** All environments of ours that a `start` would take. */
async function startable(world: World): Promise<{ id: string }[]> {
  const ids = await listIds(world.host);
  const records = await Promise.all(ids.map((id) => readRecord(world.host, id).catch(() => undefined)));
  return records.flatMap((record) => (record?.phase === 'ready' ? [{ id: record.spec.id }] : []));
}

async function recordsOf(
  { host }: World,
  wanted: readonly { id: string }[],
): Promise<Map<string, EnvironmentRecord>> {
  const found = new Map<string, EnvironmentRecord>();
  for (const { id } of wanted) {
    const record = await readRecord(host, id);
    if (record !== undefined) found.set(id, record);
  }
  return found;
}

/** Names what runs and stays as it is. */
function tellLeft(world: World, { ours, foreign }: Standings): string[] {
  const damaged = ours.filter((one) => one.record === undefined && runs(one)).map(({ id }) => id);
  const strange = foreign.filter(({ halfstack }) => ['up', 'partly up'].includes(halfstack));
  for (const id of damaged) {
    const message = `${id} runs and is left alone: its record cannot be used.`;
    world.report.emit({ kind: 'note', severity: 'warning', message });
  }
  for (const { id, madeBy, path } of strange) {
    const where = path === undefined ? '' : `, in ${path}`;
    const message = `${id} runs and is left alone: it was made by ${madeBy}${where}.`;
    world.report.emit({ kind: 'note', severity: 'note', message });
  }
  return [...damaged, ...strange.map(({ id }) => id)];
}
