// What runs of an environment's daemons: asked of the machine, with the record as a hint that may be wrong.
import type { EnvironmentRecord } from '../environment/record.ts';
import {
  allProcesses,
  carriedBy,
  carriers,
  ofUser,
  withDescendants,
  type Carrier,
  type Relative,
} from '../host/family.ts';
import { standsIn } from '../host/living.ts';
import { listeners } from '../host/net.ts';
import { realPath } from '../host/path.ts';
import { processStart, userOf } from '../host/proc.ts';
import type { ResourceOf } from '../resources/resource.ts';
import type { Host } from '../world.ts';

/** By this variable, BAI_DEV_ENVIRONMENT and BAI_DEV_OWNER a daemon and all that it started are found again. */
export const daemonMark = 'BAI_DEV_DAEMON';

const environmentMark = 'BAI_DEV_ENVIRONMENT';
const ownerMark = 'BAI_DEV_OWNER';

/** Whose processes are looked for: this user's, of this state folder. */
export type Owner = Pick<Host, 'owner' | 'user' | 'platform'>;

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
  owner: Owner,
  record: EnvironmentRecord,
  name: string,
): Promise<ResourceOf<'process'> | undefined> {
  const entry = recordedProcesses(record, name).at(-1);
  return entry !== undefined && (await isRecorded(owner, record, entry)) ? entry : undefined;
}

/**
 * True if a daemon's recorded process was ready once, and lives, and nobody listens for it any more: its workers alone
 * were killed, and it will not make others.
 */
export async function hasFallenSilent(
  owner: Owner,
  record: EnvironmentRecord,
  { name, ports }: { readonly name: string; readonly ports: readonly number[] },
): Promise<boolean> {
  if ((await recordedAlive(owner, record, name))?.answered !== true) return false;
  const listening = new Set((await listeners()).map(({ port }) => port));
  return ports.length > 0 && !ports.some((port) => listening.has(port));
}

/**
 * Everything that lives of the named daemons. A run that was killed between a start and its entry leaves a process
 * that no record names: it is found by what it carries. A process that outlived the one that started it is found
 * as well, also when it left its session or took another name. Processes of another user or of another state folder
 * are never among them.
 */
export async function runningDaemons(
  owner: Owner,
  record: EnvironmentRecord,
  names: readonly string[],
): Promise<ReadonlyMap<string, Running>> {
  const processes = await allProcesses();
  const ours = await markedProcesses(owner, [record]);
  const found = new Map<string, Running>();
  for (const name of names) {
    const marked = ours.filter((one) => one.name === name);
    const entry = await recordedAlive(owner, record, name);
    const recorded = processes.find(({ pid, started }) => pid === entry?.pid && started === entry.started);
    const roots = [...marked, ...(recorded === undefined ? [] : [recorded])].map(({ pid }) => pid);
    const family = await ofUser(withDescendants(processes, roots), owner.user.uid);
    if (family.length === 0) continue;
    // without an entry the leader of a group is the one that a killed run started: its children lead none
    const isEntered = recordedProcesses(record, name).length > 0;
    const main = recorded ?? (isEntered ? undefined : marked.find(({ pid, group }) => pid === group));
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
export async function daemonsEverywhere(
  owner: Owner,
  records: readonly EnvironmentRecord[],
): Promise<RunningDaemon[]> {
  const entries = records.flatMap((record) =>
    record.resources.flatMap((one) =>
      one.kind === 'process' ? [{ ...one, id: record.spec.id, record }] : [],
    ),
  );
  const [marked, alive] = await Promise.all([
    markedProcesses(owner, records),
    Promise.all(entries.map((entry) => isRecorded(owner, entry.record, entry))),
  ]);
  const recorded = entries.filter((_, at) => alive[at]);
  const unrecorded = marked.filter(
    ({ pid, group, id, name }) =>
      pid === group && !entries.some((entry) => entry.id === id && entry.name === name),
  );
  const found = new Map(
    [...recorded, ...unrecorded].map(({ id, name }) => [`${id} ${name}`, { id, name }] as const),
  );
  return [...found.values()];
}

/**
 * True if the process that was recorded lives and is provably of this environment: the same ID and start, which may
 * meet again after a restart of the machine and which a copied record holds too, this user, and the environment's
 * marks.
 */
export async function isRecorded(
  owner: Owner,
  { spec }: Pick<EnvironmentRecord, 'spec'>,
  { pid, started }: Pick<ResourceOf<'process'>, 'pid' | 'started'>,
): Promise<boolean> {
  if ((await processStart(pid)) !== started || (await userOf(pid)) !== owner.user.uid) return false;
  // elsewhere the variables and the folder of a process are not always told
  if (owner.platform !== 'linux') return true;
  return isOf(owner, spec, { pid, values: await carriedBy(pid, [environmentMark, ownerMark]) });
}

/** Processes that carry the marks of a daemon of one of these environments, and are provably of it. */
async function markedProcesses(
  owner: Owner,
  records: readonly Pick<EnvironmentRecord, 'spec'>[],
): Promise<(Relative & RunningDaemon)[]> {
  const found: (Relative & RunningDaemon)[] = [];
  for (const one of await carriers([environmentMark, daemonMark], [ownerMark])) {
    const { [environmentMark]: id = '', [daemonMark]: name = '' } = one.values;
    const spec = records.find((record) => record.spec.id === id)?.spec;
    if (spec !== undefined && (await isOf(owner, spec, one))) found.push({ ...one, id, name });
  }
  return [...(await ofUser(found, owner.user.uid))];
}

/**
 * A process that carries an owner is of that owner. Without one it was started by an older bai-dev, or it wrote over
 * its variables: then it is of the environment in whose install path it stands.
 */
async function isOf(
  owner: Owner,
  { id, installPath }: EnvironmentRecord['spec'],
  { pid, values }: Pick<Carrier, 'pid' | 'values'>,
): Promise<boolean> {
  const { [environmentMark]: environment, [ownerMark]: marked } = values;
  if (environment !== undefined && environment !== id) return false;
  if (marked !== undefined) return environment === id && marked === owner.owner;
  if (owner.platform !== 'linux') return environment === id;
  const folder = await standsIn(pid);
  const paths = [installPath, await realPath(installPath)];
  return (
    folder !== undefined && paths.some((path) => path !== undefined && `${folder}/`.startsWith(`${path}/`))
  );
}
