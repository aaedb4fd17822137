// Starts one daemon so that it outlives us, and enters it in the record: from a kill at any moment it is found again.
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordJournal } from '../environment/journal.ts';
import { secretsMasked } from '../environment/masked.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { Failure } from '../failure.ts';
import { spawnDetached } from '../host/detach.ts';
import { processStart } from '../host/proc.ts';
import type { World } from '../world.ts';
import { launchOf, type Daemon } from './daemon.ts';
import { diagnose } from './diagnosis.ts';
import { isComplaint, openLog, plainLines, rotateLog } from './log.ts';
import { assertPortsFree } from './occupied.ts';
import { waitUntilReady, type Readiness } from './ready.ts';
import { relaysOf } from './relay.ts';
import { afterAgent, beforeAgent } from './runners.ts';
import { hasFallenSilent, recordedProcesses, runningDaemons } from './running.ts';
import { stopDaemons } from './stop.ts';
import { spawnInTmux } from './tmux.ts';

export interface Starting {
  readonly record: EnvironmentRecord;
  readonly journal: RecordJournal;
  readonly daemon: Daemon;
  /** Address of the Docker engine that it may use. */
  readonly docker?: string;
  readonly tmux: boolean;
  /** Seconds until it must be ready. */
  readonly limit: number;
}

export interface Spawned {
  readonly pid: number;
  /** Empty if it ended before it could be looked at. */
  readonly started: string;
  /** An exit status or the name of a signal; undefined while it is not known. */
  readonly ended: () => Promise<number | string | undefined>;
}

/**
 * The daemon runs and answers afterwards. One that runs already is not started again, but waited for. Throws
 * `BAI-OCCUPIED` when a port of its is held by another, and `BAI-UNHEALTHY` with a diagnosis when it does not get
 * ready; nothing of it is left then.
 */
export async function startDaemon(world: World, starting: Starting): Promise<'started' | 'kept'> {
  const { record, journal, daemon, limit, docker } = starting;
  const found = (await runningDaemons(world.host, record, [daemon.name])).get(daemon.name);
  const known = (await hasFallenSilent(world.host, record, daemon)) ? undefined : found?.main;
  if (known === undefined) {
    if (found !== undefined) await stopDaemons(world.host, record, [daemon.name]);
    await forget(starting);
    await assertPortsFree({ world, id: record.spec.id }, daemon);
    await rotateLog(daemon.log);
    await openLog(daemon.log);
  }
  const engine = daemon.needsDocker ? docker : undefined;
  if (engine !== undefined) {
    // before the agent makes them
    for (const relay of await relaysOf(daemon, engine)) await journal.addResource(relay);
    if (known === undefined) await beforeAgent(world, engine);
  }
  const main: Main = known ?? (await spawn(world, starting));
  const { pid, started } = main;
  const entry = { kind: 'process', name: daemon.name, pid, started, folder: daemon.folder } as const;
  try {
    // before, it is found by what it carries
    if (started !== '') await journal.addResource(entry);
    const alive = async (): Promise<boolean> => started !== '' && (await processStart(pid)) === started;
    const readiness = await waitUntilReady(world, { daemon, spec: record.spec, alive, limit });
    if (readiness.ready) {
      if (started !== '') await journal.addResource({ ...entry, answered: true });
      return known === undefined ? 'started' : 'kept';
    }
    throw await unhealthy(starting, readiness, await main.ended?.());
  } catch (error) {
    await stopDaemons(world.host, record, [daemon.name]);
    await forget(starting);
    throw error;
  } finally {
    if (engine !== undefined && !world.signal.aborted) await afterAgent(world, engine);
  }
}

/** How one ended that an earlier run started, nobody can tell. */
type Main = Pick<Spawned, 'pid' | 'started'> & Partial<Pick<Spawned, 'ended'>>;

async function spawn(world: World, { record, daemon, docker, tmux }: Starting): Promise<Spawned> {
  const launch = launchOf(world.host, record.spec, { daemon, ...(docker === undefined ? {} : { docker }) });
  if (tmux) return spawnInTmux(world, { id: record.spec.id, daemon, launch });
  const { pid, started, ended } = await spawnDetached(world, { ...launch, log: daemon.log });
  return {
    pid,
    started,
    // the machine may know it to be dead a moment before we are told how it ended
    ended: async () => {
      for (let attempt = 0; attempt < 20 && ended() === undefined; attempt += 1) await sleep(10);
      return ended();
    },
  };
}

function unknownCause(lines: readonly string[]): string {
  const last = lines.findLast(isComplaint)?.trim();
  return last === undefined
    ? 'The cause is unknown; the log has no error.'
    : `The cause is unknown; last error: ${last}`;
}

/** Takes the daemon's processes out of the record: none of them lives. */
async function forget({ record, journal, daemon }: Starting): Promise<void> {
  for (const entry of recordedProcesses(record, daemon.name)) await journal.dropResource(entry);
}

async function unhealthy(
  { record, daemon, limit }: Starting,
  readiness: Readiness & { ready: false },
  ended: number | string | undefined,
): Promise<Failure> {
  const { id, ports } = record.spec;
  const lines = await plainLines(daemon.log, 200, secretsMasked(record.secrets));
  const cause = diagnose({ id, name: daemon.name, folder: daemon.folder, lines, services: ports });
  const how = typeof ended === 'number' ? ` with status ${ended}` : ended === undefined ? '' : ` by ${ended}`;
  const what =
    readiness.why === 'ended'
      ? `${daemon.name} ended${how} before it was ready.`
      : `${daemon.name} was not ready within ${limit} s (${readiness.last}) and was stopped.`;
  return new Failure('BAI-UNHEALTHY', what, {
    lines: lines.slice(-20),
    log: daemon.log,
    facts: {
      daemon: daemon.name,
      last: readiness.last,
      ...(ended === undefined ? {} : { ended }),
      why: cause?.reason ?? unknownCause(lines),
    },
    next: cause?.next ?? [
      { purpose: 'read all that it wrote', command: `bai-dev logs ${id} ${daemon.name}` },
    ],
  });
}
