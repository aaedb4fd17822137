// How an environment stands: one row for each server, asked of the machine now.
import { offers, pluginComplaint } from '../daemons/accelerator.ts';
import { agentsOf, type KnownAgent } from '../daemons/asking.ts';
import { addressOf, daemonsOf, type Daemon } from '../daemons/daemon.ts';
import { externalDaemons, type ExternalDaemon } from '../daemons/external.ts';
import { lastErrorLine } from '../daemons/log.ts';
import { agentOf, askDaemon } from '../daemons/ready.ts';
import { hasFallenSilent, recordedAlive, runningDaemons } from '../daemons/running.ts';
import { defined } from '../defined.ts';
import { probeDocker } from '../docker/probe.ts';
import { dockerTrouble } from '../docker/trouble.ts';
import { statePaths } from '../environment/names.ts';
import { secretsMasked } from '../environment/masked.ts';
import type { EnvironmentRecord, Phase } from '../environment/record.ts';
import { lockHolder } from '../environment/lock.ts';
import { processFacts } from '../host/proc.ts';
import { forEnvironment, type World } from '../world.ts';
import { existingRecord } from './existing.ts';
import { makingOf } from './making.ts';
import { listOf, missingParts } from './missing.ts';

/** The shape is a contract: `bai-dev status --json` prints it as the `result` of its envelope. */
export interface StatusResult {
  readonly id: string;
  readonly release: string;
  readonly title: string;
  readonly phase: Phase;
  readonly engine: string;
  readonly installPath: string;
  /** When it was looked at; ISO 8601. */
  readonly at: string;
  /** What another bai-dev does to it right now, e.g. `start dev2109`. */
  readonly busy?: string;
  /** Parts of it that are gone, such as a virtualenv whose interpreter was removed; `bai-dev install` makes them again. */
  readonly missing?: readonly string[];
  /** Everything that is to run runs and answers. */
  readonly healthy: boolean;
  readonly rows: readonly StatusRow[];
}

export interface StatusRow {
  readonly name: string;
  readonly kind: 'service' | 'daemon';
  /**
   * `ready` answers; `starting` runs and does not answer (yet); `unhealthy` runs and answers wrongly; `broken` has
   * lost its main process and left others behind, or runs without parts that it needs; `external` runs and bai-dev did
   * not start it; `absent` was never made or is gone; `foreign` is not ours; `unknown` could
   * not be asked; `unavailable` cannot run on this machine as it is; `not built` is a part that this program cannot run yet.
   */
  readonly state:
    | 'ready'
    | 'starting'
    | 'unhealthy'
    | 'broken'
    | 'external'
    | 'stopped'
    | 'absent'
    | 'foreign'
    | 'unknown'
    | 'unavailable'
    | 'not built';
  /** A URL, or host and port. */
  readonly address?: string;
  readonly pid?: number;
  /** ISO 8601. */
  readonly since?: string;
  /** What an agent offers to sessions and how much of it they have, by kind: cpu, mem in bytes, … */
  readonly slots?: Readonly<Record<string, { readonly used: string; readonly of: string }>>;
  /** A few words on its state. */
  readonly detail?: string;
  /** The last line since its start in which it complains. */
  readonly error?: string;
}

/** Milliseconds in which the manager must say what it knows of agents; it takes some ten of them when nothing is wrong. */
const managerLimit = 2000;

/** Looks at every server of an environment and touches none; also of one that is half made. */
export async function status(outer: World, { id }: { id: string }): Promise<StatusResult> {
  const world = forEnvironment(outer, id);
  const record = await existingRecord(world, id);
  const { spec } = record;
  const daemons = daemonsOf(world.host, spec);
  const [services, rows, missing, holder] = await Promise.all([
    serviceRows(world, record),
    daemonRows(world, record, daemons),
    // while it is half made or half deleted, that is said instead
    record.phase === 'ready' ? missingParts(record) : [],
    lockHolder(statePaths(world.host, id).lock).catch(() => undefined),
  ]);
  return {
    id,
    release: spec.release.version,
    title: spec.release.title,
    phase: record.phase,
    engine: spec.engine,
    installPath: spec.installPath,
    at: world.now().toISOString(),
    ...(holder === undefined ? {} : { busy: holder.command }),
    ...(missing.length === 0 ? {} : { missing }),
    healthy: [...services, ...rows].every(({ state }) =>
      ['ready', 'external', 'unavailable'].includes(state),
    ),
    rows: [
      ...services,
      ...rows,
      { name: 'wsproxy', kind: 'daemon', state: 'not built', address: `127.0.0.1:${spec.ports.wsproxy}` },
    ],
  };
}

async function serviceRows(world: World, record: EnvironmentRecord): Promise<StatusRow[]> {
  const { engine, stack } = makingOf(world, record);
  const found = await engine
    .status(stack)
    .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  const lost = record.phase === 'ready' ? await engine.lost(stack).catch(() => []) : [];
  return stack.services.map(({ role, port }): StatusRow => {
    const address = `127.0.0.1:${port.outside}`;
    if (typeof found === 'string')
      return { name: role, kind: 'service', state: 'unknown', address, detail: found };
    const service = found.find((one) => one.role === role);
    const gone = lost.find((one) => one.endsWith(`(${role})`));
    const state = service?.state ?? 'absent';
    return {
      name: role,
      kind: 'service',
      state: state === 'healthy' ? 'ready' : state,
      address,
      ...(service?.pid === undefined ? {} : { pid: service.pid }),
      ...(service?.since === undefined || state === 'stopped' ? {} : { since: service.since }),
      ...(gone !== undefined
        ? { detail: `its data are gone: ${gone}` }
        : service?.reason === undefined
          ? {}
          : { detail: service.reason }),
    };
  });
}

async function daemonRows(
  world: World,
  record: EnvironmentRecord,
  daemons: readonly Daemon[],
): Promise<StatusRow[]> {
  const limits = { limit: managerLimit, signal: world.signal };
  // one question for all rows, asked while the rest is looked at
  const agents = agentsOf(record.spec, limits).catch(() => undefined);
  // the record is enough where nobody was killed; only otherwise are all processes of the machine looked at
  const searched = once(() =>
    runningDaemons(
      world.host,
      record,
      daemons.map(({ name }) => name),
    ),
  );
  const external = once(() => externalDaemons(world, record));
  return Promise.all(
    daemons.map((daemon) => daemonRow(world, record, { daemon, agents, searched, external })),
  );
}

interface Looking {
  readonly daemon: Daemon;
  readonly agents: Promise<readonly KnownAgent[] | undefined>;
  readonly searched: () => ReturnType<typeof runningDaemons>;
  readonly external: () => ReturnType<typeof externalDaemons>;
}

async function daemonRow(world: World, record: EnvironmentRecord, looking: Looking): Promise<StatusRow> {
  const { daemon, agents, searched, external } = looking;
  const row = { name: daemon.name, kind: 'daemon' as const, address: addressOf(daemon) };
  const error = lastErrorLine(daemon.log, secretsMasked(record.secrets)).then((line) =>
    line === undefined ? {} : { error: line },
  );
  const lacking = async (): Promise<string | undefined> => {
    const missing = record.phase === 'ready' ? await missingParts(record, [daemon.name]) : [];
    return missing.length === 0 ? undefined : `missing: ${listOf(missing)}`;
  };
  let main: { pid: number } | undefined = await recordedAlive(world.host, record, daemon.name);
  if (main === undefined) {
    const found = (await searched()).get(daemon.name);
    if (found === undefined) {
      const byHand = (await external()).find(({ name }) => name === daemon.name);
      if (byHand !== undefined) return { ...row, ...(await externalRow(byHand)) };
      const detail = await withoutDocker(world, record, daemon);
      if (detail !== undefined) return { ...row, state: 'unavailable', detail };
      const missing = await lacking();
      if (missing !== undefined) return { ...row, state: 'absent', detail: missing };
      return { ...row, state: 'stopped', ...(await error) };
    }
    const others = found.family.map(({ pid }) => pid).join(', ');
    if (found.main === undefined) {
      return { ...row, state: 'broken', detail: `left behind: process ${others}`, ...(await error) };
    }
    main = found.main;
  }
  const since = (await processFacts(main.pid))?.since;
  const answer =
    daemon.probe === undefined
      ? await agentAnswer(record, await agents, daemon)
      : { last: await askDaemon(world, { daemon, spec: record.spec }), slots: undefined };
  const ready = answer.last === 'ready';
  if (!ready && (await hasFallenSilent(world.host, record, daemon))) {
    const detail = `process ${main.pid} lives, but its workers are gone`;
    return { ...row, state: 'broken', pid: main.pid, detail, ...(await error) };
  }
  const missing = ready ? undefined : await lacking();
  if (missing !== undefined) return { ...row, state: 'broken', pid: main.pid, detail: missing };
  return {
    ...row,
    state: ready ? 'ready' : 'starting',
    pid: main.pid,
    ...(since === undefined ? {} : { since }),
    ...(answer.slots && { slots: answer.slots }),
    ...(ready ? answer.lacks !== undefined && { detail: answer.lacks } : { detail: answer.last }),
    ...(await error),
  };
}

async function externalRow({ pid }: ExternalDaemon): Promise<Omit<StatusRow, 'name' | 'kind'>> {
  const since = (await processFacts(pid))?.since;
  return { ...defined({ since }), state: 'external', pid, detail: 'not started by bai-dev' };
}

/** Why a daemon cannot run here: it needs a Docker engine and there is none. The halfstack's own shows elsewhere. */
async function withoutDocker(
  world: World,
  { spec }: EnvironmentRecord,
  { needsDocker }: Daemon,
): Promise<string | undefined> {
  if (!needsDocker || spec.engine === 'docker') return undefined;
  const facts = await probeDocker(world);
  return facts.state === 'ok' ? undefined : `it needs Docker: ${dockerTrouble(facts)}`;
}

async function agentAnswer(
  record: EnvironmentRecord,
  agents: readonly KnownAgent[] | undefined,
  daemon: Daemon,
): Promise<{ last: string; slots?: StatusRow['slots']; lacks?: string }> {
  if (agents === undefined) return { last: 'the manager does not answer' };
  const agent = agentOf(agents, daemon);
  if (agent === undefined) return { last: 'the manager does not know it' };
  if (agent.status !== 'ALIVE') return { last: `the manager says ${agent.status}` };
  const slots = Object.entries(agent.available).filter(([, amount]) => amount !== '0');
  const lacks = await lackOf(record, agent, daemon);
  return {
    last: 'ready',
    ...(lacks === undefined ? {} : { lacks }),
    slots: Object.fromEntries(slots.map(([slot, of]) => [slot, { used: agent.occupied[slot] ?? '0', of }])),
  };
}

/** What is amiss with an agent that offers nothing of the accelerator that its environment has. */
async function lackOf(
  { spec }: EnvironmentRecord,
  agent: KnownAgent,
  { log }: Daemon,
): Promise<string | undefined> {
  const { kind } = spec.accelerator;
  const accelerator = kind === 'none' ? undefined : spec.release.accelerators[kind];
  if (accelerator === undefined || offers(agent, accelerator)) return undefined;
  const why = (await pluginComplaint(log)) ?? 'its plugin does not say why';
  return `no ${accelerator.slot}: ${why}`;
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
