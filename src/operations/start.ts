// Brings an environment to life: the halfstack, then the manager, then the other daemons side by side.
import { askDaemon } from '../daemons/ready.ts';
import { startDaemon } from '../daemons/background.ts';
import { addressOf, type Daemon } from '../daemons/daemon.ts';
import { recordedAlive } from '../daemons/running.ts';
import { inSharedFolder } from '../daemons/shared.ts';
import { openJournal, type RecordJournal } from '../environment/journal.ts';
import { acquireLock } from '../environment/lock.ts';
import { statePaths } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import type { Step } from '../plan/step.ts';
import type { Resource } from '../resources/resource.ts';
import { forEnvironment, type World } from '../world.ts';
import { readyRecord } from './existing.ts';
import { makingOf } from './making.ts';
import { prepareStart, type Prepared } from './prepare.ts';
import { announce, walkUnrecorded } from './side.ts';

export interface StartRequest {
  readonly id: string;
  /** Names of daemons; all of them without. */
  readonly only?: readonly string[];
  readonly halfstackOnly: boolean;
  readonly tmux: boolean;
  /** A second agent on one Docker engine is not refused. */
  readonly force: boolean;
  /** Seconds that each daemon has to get ready. */
  readonly limit: number;
}

export interface StartedDaemon {
  readonly name: string;
  readonly outcome: 'started' | 'running' | 'skipped';
  /** Where it answers: a URL, or host and port. */
  readonly address: string;
  readonly log: string;
  /** Why it was skipped. */
  readonly reason?: string;
}

export interface StartResult {
  readonly id: string;
  readonly halfstack: 'started' | 'running';
  readonly daemons: readonly StartedDaemon[];
  readonly webUrl: string;
  readonly account: { readonly email: string; readonly password: string };
  readonly tmux: boolean;
  readonly seconds: number;
}

/**
 * Starts what does not run and waits until it answers; what runs already is left alone. Everything that can be
 * known beforehand is looked at before anything is started. Throws `BAI-UNHEALTHY` for a daemon that does not get
 * ready (it is ended again, the others stay), `BAI-OCCUPIED` when something is in the way.
 */
export async function start(outer: World, request: StartRequest): Promise<StartResult> {
  const world = forEnvironment(outer, request.id);
  announce(world, await readyRecord(world, request.id), 'start');
  const lock = await acquireLock(world, statePaths(world.host, request.id).lock, {
    command: `start ${request.id}`,
  });
  try {
    return await startUnderLock(world, await readyRecord(world, request.id), request);
  } finally {
    await lock.release();
  }
}

/** The same for a caller that holds the environment's lock. */
export async function startUnderLock(
  world: World,
  record: EnvironmentRecord,
  request: StartRequest,
): Promise<StartResult> {
  const began = performance.now();
  const prepared = await prepareStart(world, record, request);
  try {
    return await startPrepared(world, { record, request, prepared, began });
  } finally {
    await prepared.release();
  }
}

async function startPrepared(
  world: World,
  { record, request, prepared, began }: Omit<Started, 'journal'> & { readonly began: number },
): Promise<StartResult> {
  for (const { name, reason } of prepared.skipped) {
    world.report.emit({ kind: 'note', severity: 'warning', message: `${name} is not started. ${reason}` });
  }
  const journal = openJournal(world, record);
  const steps = startSteps(world, { record, journal, request, prepared });
  const walk = (): ReturnType<typeof walkUnrecorded> => walkUnrecorded(world, steps);
  const outcomes = await (prepared.daemons.length === 0 ? walk() : inSharedFolder(world, walk));
  const { spec } = record;
  const [account] = spec.release.accounts;
  return {
    id: spec.id,
    halfstack: outcomes.get(halfstackStep) === 'kept' ? 'running' : 'started',
    daemons: [
      ...prepared.daemons.map((daemon) => ({
        name: daemon.name,
        outcome: outcomes.get(stepOf(daemon)) === 'kept' ? ('running' as const) : ('started' as const),
        address: addressOf(daemon),
        log: daemon.log,
      })),
      ...prepared.skipped.map(({ name, reason, address, log }) => ({
        ...{ name, reason, address, log },
        outcome: 'skipped' as const,
      })),
    ],
    webUrl: `http://127.0.0.1:${spec.ports.webserver}`,
    account: { email: account?.email ?? '', password: account?.password ?? '' },
    tmux: request.tmux,
    seconds: (performance.now() - began) / 1000,
  };
}

interface Started {
  readonly record: EnvironmentRecord;
  readonly journal: RecordJournal;
  readonly request: StartRequest;
  readonly prepared: Prepared;
}

const halfstackStep = 'halfstack:up';
const stepOf = ({ name }: Pick<Daemon, 'name'>): string => `daemon:${name}`;

function startSteps(world: World, started: Started): Step<Resource>[] {
  const { record, journal, request, prepared } = started;
  const { engine, stack } = makingOf(world, record);
  const halfstack: Step<Resource> = {
    id: halfstackStep,
    title: 'PostgreSQL, Redis, etcd',
    group: 'Halfstack',
    check: async () => (await engine.status(stack)).every(({ state }) => state === 'healthy'),
    run: async (control) => {
      await engine.up(stack, control);
      control.summary(stack.services.map(({ role, port }) => `${role} ${port.outside}`).join(' · '));
    },
  };
  const names = prepared.daemons.map(({ name }) => name);
  const daemons = prepared.daemons.map((daemon): Step<Resource> => {
    const docker = prepared.docker;
    return {
      id: stepOf(daemon),
      title: daemon.name,
      group: 'Daemons',
      after: [
        halfstackStep,
        ...daemon.after.filter((name) => names.includes(name)).map((name) => stepOf({ name })),
      ],
      check: async () =>
        (await recordedAlive(world.host, record, daemon.name)) !== undefined &&
        (await askDaemon(world, { daemon, spec: record.spec })) === 'ready',
      run: async (control) => {
        const { tmux, limit } = request;
        control.progress('starts');
        await startDaemon(world, { record, journal, daemon, tmux, limit, ...(docker && { docker }) });
        control.summary(`${daemon.name} ${addressOf(daemon)}`);
      },
    };
  });
  return [halfstack, ...daemons];
}
