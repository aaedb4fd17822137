// How all environments stand, asked of engines and processes: one question to each engine, one look at the machine.
import { daemonsEverywhere } from '../daemons/running.ts';
import { dockerCandidates, localAddress } from '../docker/address.ts';
import { isOurs } from '../docker/labels.ts';
import { projectContainers, type ProjectContainer } from '../docker/projects.ts';
import { defined } from '../defined.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { listIds, readRecord } from '../environment/store.ts';
import { Failure } from '../failure.ts';
import { runningServers } from '../halfstack/native/running.ts';
import { kindOf } from '../host/files.ts';
import { servicesOf } from '../release/release.ts';
import type { World } from '../world.ts';
import { foreignEnvironments, type Foreign } from './foreign.ts';

/** `up`: all of it runs and no healthcheck fails; `partly up`: some of it. `foreign`: another's has its names. */
export type HalfstackState =
  'up' | 'starting' | 'unhealthy' | 'partly up' | 'stopped' | 'absent' | 'foreign' | 'unknown';

/** One of our own environments. */
export interface Standing {
  readonly id: string;
  /** Undefined where it cannot be used; `trouble` tells why. */
  readonly record?: EnvironmentRecord;
  readonly trouble?: Failure;
  readonly halfstack: HalfstackState;
  /** Names of its daemons that run. */
  readonly daemons: readonly string[];
}

export interface Standings {
  readonly ours: readonly Standing[];
  /** Such as the scripts of 2021 made. */
  readonly foreign: readonly Foreign[];
  /** Engines that hold halfstacks of ours and do not answer. */
  readonly silent: readonly { readonly address: string; readonly reason: string }[];
}

/** Looks at everything and touches nothing. A record that cannot be used is told, never thrown. */
export async function standings(world: World): Promise<Standings> {
  const known = await Promise.all((await listIds(world.host)).map((id) => readKnown(world, id)));
  const records = known.flatMap(({ record }) => (record === undefined ? [] : [record]));
  const [engines, servers, daemons] = await Promise.all([
    askEngines(world, records),
    runningServers(records.flatMap(serverPlaces)),
    daemonsEverywhere(world.host, records),
  ]);
  const containers = [...engines.values()].flatMap((answer) => (answer instanceof Failure ? [] : answer));
  const ours = known.map(({ id, record, trouble }): Standing => {
    const running = daemons.filter((daemon) => daemon.id === id).map(({ name }) => name);
    const order = Object.keys(record?.spec.release.components ?? {});
    const standing = {
      ...{ id, daemons: running.sort((a, b) => order.indexOf(a) - order.indexOf(b)) },
      ...(record === undefined ? {} : { record }),
      ...(trouble === undefined ? {} : { trouble }),
    };
    if (record?.spec.engine === 'native') {
      const standingServers = servers.filter((server) => server.id === id).length;
      return { ...standing, halfstack: nativeState(record, standingServers) };
    }
    const asked = record === undefined ? containers : engines.get(record.spec.engineAddress);
    if (asked === undefined || asked instanceof Failure) return { ...standing, halfstack: 'unknown' };
    const there = asked.filter(({ project }) => project === id);
    return {
      ...standing,
      halfstack: dockerState(world, there, {
        id,
        services: serviceNames(record),
        installPath: record?.spec.installPath,
      }),
    };
  });
  return {
    ours,
    foreign: await foreignEnvironments(world, containers, new Set(known.map(({ id }) => id))),
    silent: [...engines].flatMap(([address, answer]) =>
      answer instanceof Failure && records.some(({ spec }) => spec.engineAddress === address)
        ? [{ address, reason: answer.message }]
        : [],
    ),
  };
}

/** True if anything of an environment runs. */
export function runs({ halfstack, daemons }: Pick<Standing, 'halfstack' | 'daemons'>): boolean {
  return daemons.length > 0 || ['up', 'starting', 'unhealthy', 'partly up'].includes(halfstack);
}

async function readKnown(
  { host }: World,
  id: string,
): Promise<{ id: string; record?: EnvironmentRecord; trouble?: Failure }> {
  try {
    const record = await readRecord(host, id);
    return { id, ...(record === undefined ? {} : { record }) };
  } catch (error) {
    if (error instanceof Failure) return { id, trouble: error };
    throw error;
  }
}

/** What each engine says; those that hold nothing of ours are asked only for strangers' environments. */
async function askEngines(
  world: World,
  records: readonly EnvironmentRecord[],
): Promise<ReadonlyMap<string, readonly ProjectContainer[] | Failure>> {
  const ours = records.filter(({ spec }) => spec.engine === 'docker').map(({ spec }) => spec.engineAddress);
  const usual = await usualEngine(world);
  const addresses = [...new Set(usual === undefined ? ours : [...ours, usual])];
  const answers = await Promise.all(
    addresses.map((address) =>
      projectContainers(address, world.signal).catch((error: unknown) => {
        if (error instanceof Failure) return error;
        throw error;
      }),
    ),
  );
  return new Map(addresses.map((address, at) => [address, answers[at] ?? []]));
}

/** The engine that an install would take, as far as that can be told without asking it. */
async function usualEngine({ host }: World): Promise<string | undefined> {
  for (const address of (await dockerCandidates(host)).addresses) {
    const local = localAddress(address);
    if (local === undefined) continue;
    if (!('socketPath' in local) || (await kindOf(local.socketPath).catch(() => undefined))) return address;
  }
  return undefined;
}

/** The servers that the record names, as the native engine looks for them. */
function serverPlaces({ spec, resources }: EnvironmentRecord) {
  return resources.flatMap((one) =>
    one.kind === 'server' ? [{ id: spec.id, role: one.name, data: one.path, program: one.program }] : [],
  );
}

function nativeState({ resources }: EnvironmentRecord, running: number): HalfstackState {
  const servers = resources.filter(({ kind }) => kind === 'server').length;
  if (servers === 0) return 'absent';
  return running === servers ? 'up' : running > 0 ? 'partly up' : 'stopped';
}

const serviceNames = (record: EnvironmentRecord | undefined): readonly string[] | undefined =>
  record === undefined ? undefined : servicesOf(record.spec.release).map(({ service }) => service.name);

/** `services`: what should be there; undefined where no record tells. */
function dockerState(
  world: World,
  there: readonly ProjectContainer[],
  wanted: {
    readonly id: string;
    readonly services: readonly string[] | undefined;
    readonly installPath: string | undefined;
  },
): HalfstackState {
  const { id: environment, services, installPath } = wanted;
  const expected = { ...defined({ environment, installPath }), recorded: services !== undefined };
  const ours = there.filter(
    ({ labels, service }) => isOurs(world, labels, expected) && (services?.includes(service) ?? true),
  );
  if (ours.length === 0) return there.length > 0 ? 'foreign' : 'absent';
  const running = ours.filter((one) => one.running);
  if (running.length === 0) return 'stopped';
  if (running.length < (services?.length ?? ours.length)) return 'partly up';
  const health = new Set(running.map((one) => one.health));
  return health.has('unhealthy') ? 'unhealthy' : health.has('starting') ? 'starting' : 'up';
}
