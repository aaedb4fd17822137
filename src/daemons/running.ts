// What runs of an environment's daemons: asked of the machine, with the record as a hint that may be wrong.
import type { EnvironmentRecord } from '../environment/record.ts';
import { allProcesses, carriers, carryingAll, withDescendants, type Relative } from '../host/family.ts';
import { listeners } from '../host/net.ts';
import { processStart } from '../host/proc.ts';
import type { ResourceOf } from '../resources/resource.ts';

/** By this variable and BAI_DEV_ENVIRONMENT a daemon and all that it started are found again. */
export const daemonMark = 'BAI_DEV_DAEMON';

export interface Running {
  /** The process that was started; undefined if only what it left behind lives. */
  readonly main?: { readonly pid: number; readonly started: string };
  /** Everything of it that lives, the main process too. */
  readonly family: readonly Relative[];
}

/** The record's entries for a daemon. They may be of processes that are gone. */
export function recordedProcesses(record: EnvironmentRecord, name: string): ResourceOf<'process'>[] {
  return record.resources
    .filter((resource) => resource.kind === 'process')
    .filter((resource) => resource.name === name);
}

/** The recorded process of a daemon, if that very process lives: quick, and enough where nobody was killed. */
export async function recordedAlive(
  record: EnvironmentRecord,
  name: string,
): Promise<ResourceOf<'process'> | undefined> {
  const entry = recordedProcesses(record, name).at(-1);
  return entry !== undefined && (await processStart(entry.pid)) === entry.started ? entry : undefined;
}

/**
 * True if a daemon's recorded process was ready once, and lives, and nobody listens for it any more: its workers alone
 * were killed, and it will not make others.
 */
export async function hasFallenSilent(
  record: EnvironmentRecord,
  { name, ports }: { readonly name: string; readonly ports: readonly number[] },
): Promise<boolean> {
  if ((await recordedAlive(record, name))?.answered !== true) return false;
  const listening = new Set((await listeners()).map(({ port }) => port));
  return ports.length > 0 && !ports.some((port) => listening.has(port));
}

/**
 * Everything that lives of the named daemons. A run that was killed between a start and its entry leaves a process
 * that no record names: it is found by what it carries. A process that outlived the one that started it is found
 * as well, also when it left its session or took another name.
 */
export async function runningDaemons(
  record: EnvironmentRecord,
  names: readonly string[],
): Promise<ReadonlyMap<string, Running>> {
  const processes = await allProcesses();
  const ours = await carryingAll(processes, { BAI_DEV_ENVIRONMENT: record.spec.id });
  const found = new Map<string, Running>();
  for (const name of names) {
    const marked = await carryingAll(ours, { [daemonMark]: name });
    const entry = recordedProcesses(record, name).at(-1);
    const recorded = processes.find(({ pid, started }) => pid === entry?.pid && started === entry.started);
    const roots = [...marked, ...(recorded === undefined ? [] : [recorded])].map(({ pid }) => pid);
    const family = withDescendants(processes, roots);
    if (family.length === 0) continue;
    // without an entry the leader of a group is the one that a killed run started: its children lead none
    const main =
      recorded ?? (entry === undefined ? marked.find(({ pid, group }) => pid === group) : undefined);
    found.set(name, { family, ...(main && { main: { pid: main.pid, started: main.started } }) });
  }
  return found;
}

/** A daemon by its environment's ID and its own name. */
export interface RunningDaemon {
  readonly id: string;
  readonly name: string;
}

/**
 * The daemons of all these environments that run, by one look at the machine: as `runningDaemons` finds them, but
 * for those of which only something that they left behind lives.
 */
export async function daemonsEverywhere(records: readonly EnvironmentRecord[]): Promise<RunningDaemon[]> {
  const entries = records.flatMap(({ spec, resources }) =>
    resources.flatMap((one) => (one.kind === 'process' ? [{ ...one, id: spec.id }] : [])),
  );
  const [carried, starts] = await Promise.all([
    carriers(['BAI_DEV_ENVIRONMENT', daemonMark]),
    Promise.all(entries.map(({ pid }) => processStart(pid))),
  ]);
  const recorded = entries.filter(({ started }, at) => starts[at] === started);
  const unrecorded = carried.flatMap(({ pid, group, values: [id = '', name = ''] }) =>
    pid === group && !entries.some((entry) => entry.id === id && entry.name === name) ? [{ id, name }] : [],
  );
  const found = new Map(
    [...recorded, ...unrecorded].map(({ id, name }) => [`${id} ${name}`, { id, name }] as const),
  );
  return [...found.values()];
}
