// Ends what runs of an environment: the daemons, those that others build on last, then the halfstack.
import { daemonsOf, type Daemon } from '../daemons/daemon.ts';
import { externalDaemons } from '../daemons/external.ts';
import { recordedAlive, recordedProcesses } from '../daemons/running.ts';
import { leaveSharedFolder, leaveTouchedFiles, touchedFiles } from '../daemons/shared.ts';
import { noteStop } from '../daemons/log.ts';
import { isIdle } from '../daemons/relay.ts';
import { stopDaemons } from '../daemons/stop.ts';
import { closeWindows } from '../daemons/tmux.ts';
import { openJournal, type RecordJournal } from '../environment/journal.ts';
import { acquireLock } from '../environment/lock.ts';
import { statePaths } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { isDiskFull } from '../host/files.ts';
import { listIds, readRecord } from '../environment/store.ts';
import { Failure } from '../failure.ts';
import { removeRecorded } from '../resources/inventory.ts';
import { forEnvironment, type World } from '../world.ts';
import { chosen, readyRecord } from './existing.ts';
import { makingOf } from './making.ts';
import { announce, walkUnrecorded } from './side.ts';

export interface StopRequest {
  readonly id: string;
  /** Names of daemons: only these stop, and the halfstack stays. */
  readonly only?: readonly string[];
  /** The daemons stay. */
  readonly halfstackOnly: boolean;
  /** The halfstack is stopped although daemons that bai-dev did not start use it. */
  readonly force: boolean;
}

export interface StopResult {
  readonly id: string;
  /** Daemons that ran. */
  readonly daemons: readonly string[];
  /** `kept`: it was not to be stopped. */
  readonly halfstack: 'stopped' | 'kept';
  readonly seconds: number;
}

/** Ends daemons with all that they started, and the halfstack unless daemons were named; data stay. Twice is once. */
export async function stop(outer: World, request: StopRequest): Promise<StopResult> {
  const began = performance.now();
  const world = forEnvironment(outer, request.id);
  announce(world, await readyRecord(world, request.id), 'stop');
  const lock = await acquireLock(world, statePaths(world.host, request.id).lock, {
    command: `stop ${request.id}`,
  });
  try {
    const record = await readyRecord(world, request.id);
    const all = daemonsOf(world.host, record.spec);
    const names = all.map(({ name }) => name);
    const wanted = request.halfstackOnly ? [] : chosen(names, request.only ?? names, 'daemon');
    const halfstack = request.only === undefined;
    if (halfstack) await assertNoExternal(world, record, request);
    const stopped = await stopUnderLock(world, record, {
      daemons: all.filter(({ name }) => wanted.includes(name)),
      halfstack,
    });
    return {
      id: request.id,
      daemons: names.filter((name) => stopped.includes(name)),
      halfstack: halfstack ? 'stopped' : 'kept',
      seconds: (performance.now() - began) / 1000,
    };
  } finally {
    await lock.release();
  }
}

/**
 * Daemons that bai-dev did not start are never ended, and lose their database with the halfstack: asked about first.
 * Throws `BAI-OCCUPIED` naming them where nobody can be asked, and `BAI-DECLINED` after a no.
 */
async function assertNoExternal(
  world: World,
  record: EnvironmentRecord,
  { id, force }: StopRequest,
): Promise<void> {
  const external = await externalDaemons(world, record);
  if (external.length === 0) return;
  const lines = external.map(({ name, pid }) => `${name} (process ${pid})`);
  const reason = `Daemons that bai-dev did not start use the halfstack of ${id}: ${lines.join(', ')}.`;
  if (force || world.ask.available) world.report.emit({ kind: 'note', severity: 'warning', message: reason });
  if (force) return;
  if (world.ask.available) {
    const message = `Stop the halfstack of ${id} although they use it?`;
    if (await world.ask.confirm({ message, initial: false })) return;
    throw new Failure('BAI-DECLINED', 'Nothing was stopped.');
  }
  throw new Failure('BAI-OCCUPIED', `${reason} Nothing was stopped.`, {
    facts: { processes: external },
    next: [
      { purpose: 'end them', command: `kill ${external.map(({ pid }) => pid).join(' ')}` },
      { purpose: 'or stop the halfstack all the same', command: `bai-dev stop ${id} --force` },
    ],
  });
}

/** The same for a caller that holds the environment's lock; names the daemons of which something ran. */
export async function stopUnderLock(
  world: World,
  record: EnvironmentRecord,
  wanted: { daemons: readonly Daemon[]; halfstack: boolean },
): Promise<string[]> {
  const { daemons, halfstack } = wanted;
  const stopped: string[] = [];
  const journal = openJournal(world, record);
  // before the first ends: the others complain that it is gone
  for (const { log } of daemons) await noteStop(log);
  const stepOf = (name: string): string => `stop:${name}`;
  const { engine, stack } = makingOf(world, record);
  await walkUnrecorded(world, [
    // the other way round as at the start
    ...[...daemons].reverse().map(({ name }) => ({
      id: stepOf(name),
      title: name,
      group: 'Daemons',
      after: daemons.filter((other) => other.after.includes(name)).map((other) => stepOf(other.name)),
      run: async () => {
        const entries = recordedProcesses(record, name);
        if ((await stopDaemons(world.host, record, [name])).length > 0) stopped.push(name);
        await closeWindows(
          world,
          record.spec.id,
          entries.map(({ pid }) => pid),
        );
        // an entry of a process that has ended is harmless, and a full disk is no reason not to stop
        for (const entry of entries) await journal.dropResource(entry).catch(unlessFull);
      },
    })),
    ...(halfstack
      ? [
          {
            id: stepOf('halfstack'),
            title: 'PostgreSQL, Redis, etcd',
            group: 'Halfstack',
            after: daemons.map(({ name }) => stepOf(name)),
            run: () => engine.stop(stack),
          },
        ]
      : []),
  ]);
  if (halfstack) await removeIdleRelays(world, record, journal);
  await leaveIfLast(world, record);
  return stopped;
}

function unlessFull(error: unknown): void {
  if (!isDiskFull(error)) throw error;
}

/** An agent's container connects it with sessions that outlive it; where there are none, nothing needs to run on. */
async function removeIdleRelays(
  world: World,
  record: EnvironmentRecord,
  journal: RecordJournal,
): Promise<void> {
  for (const relay of record.resources.filter((resource) => resource.kind === 'relay')) {
    if (!(await isIdle(relay))) continue;
    // an engine that does not answer runs nothing; delete tries again
    const removed = await removeRecorded(world, record, relay).catch(() => undefined);
    if (removed !== undefined) await journal.dropResource(relay);
  }
}

/** Gives up what all daemons share, if none of any environment of this user runs; `record` may be forgotten by now. */
export async function leaveIfLast(world: World, record: EnvironmentRecord): Promise<void> {
  if (await anyDaemonRuns(world)) return;
  await leaveSharedFolder(world);
  await leaveTouchedFiles(world, touchedFiles([record.spec.release]));
}

/** True if a daemon of any environment of this user runs, as far as the records know. */
async function anyDaemonRuns(world: World): Promise<boolean> {
  for (const id of await listIds(world.host)) {
    const record = await readRecord(world.host, id).catch(() => undefined);
    for (const name of Object.keys(record?.spec.release.components ?? {})) {
      if (record !== undefined && (await recordedAlive(world.host, record, name)) !== undefined) return true;
    }
  }
  return false;
}
