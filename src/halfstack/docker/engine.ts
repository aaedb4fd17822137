// The halfstack in a Docker engine: containers on loopback, data in named volumes, everything labelled as ours.
import { assertPortsFree, portsHeld, type PortQuestion } from '../../daemons/occupied.ts';
import { containerName, networkName, volumeName } from '../../environment/names.ts';
import { freeOf } from '../../docker/disk.ts';
import { connectTo, type Connection } from '../../docker/client.ts';
import {
  containerOnPort,
  createContainer,
  findContainer,
  removeContainer,
  startContainer,
  stopContainer,
  unpauseContainer,
  type ContainerFacts,
} from '../../docker/containers.ts';
import { containerLines, lastLines } from '../../docker/logs.ts';
import { isOurs, notOurs, type Expected } from '../../docker/labels.ts';
import { createNetwork, findNetwork } from '../../docker/networks.ts';
import { createVolume, findVolume } from '../../docker/volumes.ts';
import { Failure } from '../../failure.ts';
import type { StepControl } from '../../plan/step.ts';
import type { Resource } from '../../resources/resource.ts';
import type { World } from '../../world.ts';
import type { HalfstackEngine, Service, ServiceRole, ServiceStatus, Stack } from '../engine.ts';
import { fullDisk } from '../full.ts';
import { probeService, waitUntilAnswering, type Trouble } from '../ready.ts';
import { containerBody, definitionLabel, definitionOf, networkLabels, volumeLabels } from './definition.ts';
import { imagesOf, missingImages, pullMissing } from './images.ts';
import { dockerStores } from './stores.ts';

/** Seconds in which three servers must answer; a cold disk and a busy machine included. */
const upLimit = 120;
/** Milliseconds after which a container's pause between two attempts is a long one. */
const longPause = 2000;
/** Lines of its log that an unhealthy server's failure shows. */
const shownLines = 20;

/** The engine at an address; `world` is that of the environment. Nothing is asked before the first call. */
export function dockerEngine(world: World, address: string): HalfstackEngine {
  const connection = connectTo(world, address);
  return {
    name: 'docker',
    prepare: (stack, control) => pullMissing(connection, stack, control),
    prepared: async (stack) => (await missingImages(connection, stack)).length === 0,
    downloads: ({ services }) => ({
      names: imagesOf(services),
      bytes: services.reduce((bytes, service) => bytes + service.bytes, 0),
    }),
    resources: (stack) => resourcesOf(stack, address),
    up: (stack, control) =>
      up({ world, connection, stack }, control).catch(async (error: unknown) => {
        throw fullDisk(error, 'docker system df', await freeOf(connection)) ?? error;
      }),
    lost: async (stack) => {
      const { volumes } = await survey({ world, connection, stack });
      return stack.services.flatMap(({ role, volume }) =>
        volume === undefined || volumes.get(volume.name) !== undefined
          ? []
          : [`volume ${volumeName(stack.project, volume.name)} (${role})`],
      );
    },
    stop: async (stack) => {
      const { containers } = await survey({ world, connection, stack });
      await together(
        [...containers.values()].flatMap((found) => (found === undefined ? [] : [found.name])),
        (name) => stopContainer(connection, name),
      );
    },
    logs: (stack, role, wanted) => containerLines(connection, nameOf(stack, role), wanted),
    status: (stack) =>
      Promise.all(stack.services.map((service) => statusOf({ world, connection, stack }, service))),
    stores: (stack) => dockerStores({ world, connection, stack }),
  };
}

/** In the order in which they are made: removed the other way round, containers leave volumes and network free. */
function resourcesOf(stack: Stack, engine: string): readonly Resource[] {
  const { project, network, services } = stack;
  return [
    { kind: 'network', name: networkName(project, network), engine },
    ...volumesOf(stack).map(
      (volume) => ({ kind: 'volume', name: volumeName(project, volume), engine }) as const,
    ),
    ...services.map(
      ({ name }) => ({ kind: 'container', name: containerName(project, name), engine }) as const,
    ),
  ];
}

interface Job {
  readonly world: World;
  readonly connection: Connection;
  readonly stack: Stack;
}

/** What is there and ours; undefined for what is not there. */
interface Found {
  readonly network: { readonly id: string } | undefined;
  readonly volumes: ReadonlyMap<string, object | undefined>;
  readonly containers: ReadonlyMap<ServiceRole, ContainerFacts | undefined>;
}

async function up(job: Job, control: StepControl): Promise<void> {
  const { world, connection, stack } = job;
  const found = await survey(job);
  // of a container that is left to itself, what happened before does not count
  const before = new Map(
    [...found.containers].map(([role, one]) => [role, one && isOnItsWay(world, one) ? one.restarts : 0]),
  );
  await together(stack.services, async ({ role, port }) => {
    const state = found.containers.get(role)?.state;
    if (state === 'running' || state === 'restarting' || state === 'paused') return;
    await assertPortsFree(
      { world, id: stack.project },
      { name: role, ports: [port.outside] },
      portQuestion(connection),
    );
  });
  const network = networkName(stack.project, stack.network);
  if (found.network === undefined) await createNetwork(connection, network, networkLabels(world, stack));
  await together(volumesOf(stack), async (volume) => {
    if (found.volumes.get(volume) !== undefined) return;
    const name = volumeName(stack.project, volume);
    await createVolume(connection, name, volumeLabels(world, stack, volume));
  });
  await together(stack.services, (service) =>
    runService(job, service, { container: found.containers.get(service.role), network: found.network?.id }),
  );
  const answering = new Set<ServiceRole>();
  await waitUntilAnswering({
    endpoints: stack.endpoints,
    roles: stack.services.map(({ role }) => role),
    limit: upLimit,
    signal: control.signal,
    onAnswer: (role) => {
      answering.add(role);
      const waited = stack.services.filter((service) => !answering.has(service.role));
      if (waited.length > 0) control.progress(`waiting for ${waited.map((one) => one.role).join(', ')}`);
    },
    trouble: (role) => troubleOf(job, role, before.get(role) ?? 0),
    lastLines: (role) => lastLines(connection, nameOf(stack, role), shownLines),
  });
  control.summary(stack.services.map(({ role, port }) => `${role} ${port.outside}`).join(' · '));
}

/** A port that is taken the engine would refuse in words of its own. */
const portQuestion = (connection: Connection): PortQuestion => ({
  then: false,
  publisher: (port) => containerOnPort(connection, port),
});

/** Starts a container; a port that was taken since it was looked at, or by what cannot be seen from here, is named too. */
async function startService({ world, connection, stack }: Job, service: Service): Promise<void> {
  const name = containerName(stack.project, service.name);
  try {
    await startContainer(connection, name);
  } catch (error) {
    if (!(error instanceof Failure) || !portTaken.test(error.message)) throw error;
    const held = { name: service.role, port: service.port.outside };
    const wanted = { name: held.name, ports: [held.port] };
    const to = { world, id: stack.project };
    await assertPortsFree(to, wanted, portQuestion(connection));
    throw await portsHeld(to, [held], portQuestion(connection));
  }
}

const portTaken = /port is already allocated|address already in use|external connectivity/;

/** Looks at everything before anything is changed. Throws `BAI-CONFLICT-OWNER` for a name that is not ours. */
async function survey({ world, connection, stack }: Job): Promise<Found> {
  const name = networkName(stack.project, stack.network);
  const [network, volumes, containers] = await Promise.all([
    findNetwork(connection, name),
    Promise.all(
      volumesOf(stack).map(async (volume) => {
        const found = await findVolume(connection, volumeName(stack.project, volume));
        return [volume, found] as const;
      }),
    ),
    Promise.all(
      stack.services.map(async ({ role }) => {
        return [role, await findContainer(connection, nameOf(stack, role))] as const;
      }),
    ),
  ]);
  const foreign = (labels: ContainerFacts['labels']): boolean => !isOurs(world, labels, expected(stack));
  if (network !== undefined && foreign(network.labels)) throw notOurs('network', name);
  for (const [volume, found] of volumes) {
    if (found !== undefined && foreign(found.labels))
      throw notOurs('volume', volumeName(stack.project, volume));
  }
  for (const [, found] of containers) {
    if (found !== undefined && foreign(found.labels)) throw notOurs('container', found.name);
  }
  return { network, volumes: new Map(volumes), containers: new Map(containers) };
}

interface There {
  readonly container: ContainerFacts | undefined;
  /** ID of the network as it was before this run. */
  readonly network: string | undefined;
}

/** Makes, remakes or starts one service's container; one that runs and is as it should be is not touched. */
async function runService(job: Job, service: Service, there: There): Promise<void> {
  const { world, connection, stack } = job;
  const name = containerName(stack.project, service.name);
  if (there.container !== undefined) {
    if (isAsWanted(stack, service, there)) {
      if (isOnItsWay(world, there.container)) return;
      if (there.container.state === 'restarting') await stopContainer(connection, name);
      if (there.container.state === 'paused') return unpauseContainer(connection, name);
      return startService(job, service);
    }
    await removeContainer(connection, name);
  }
  await createContainer(connection, name, containerBody(world, stack, service));
  await startService(job, service);
}

/**
 * Running, or about to be started again by the engine, which lets a container that ends over and over wait twice as
 * long each time. A long pause is cut short by a stop and a start. A short one is not: the stop could meet PostgreSQL
 * while it makes its first files, which it would never complete.
 */
function isOnItsWay(world: World, { state, finishedAt }: ContainerFacts): boolean {
  if (state !== 'restarting') return state === 'running';
  return world.now().getTime() - Date.parse(finishedAt) < longPause;
}

/** A container without our definition was remade by compose; one on a network that is gone cannot start. */
function isAsWanted(stack: Stack, service: Service, { container, network }: There): boolean {
  if (container === undefined || container.state === 'dead' || container.state === 'removing') return false;
  const joined = container.networks[networkName(stack.project, stack.network)];
  const onNetwork = network !== undefined && (joined === network || joined === '');
  return onNetwork && container.labels[definitionLabel] === definitionOf(stack, service);
}

/** Exited, or starting over and over: waiting is in vain. */
async function troubleOf(
  { connection, stack }: Job,
  role: ServiceRole,
  before: number,
): Promise<Trouble | undefined> {
  const found = await findContainer(connection, nameOf(stack, role));
  if (found === undefined) return { reason: 'its container is gone', final: true };
  if (found.state === 'exited' || found.state === 'dead') return { reason: ended(found), final: true };
  if (found.restarts - before >= 3)
    return { reason: `it ended ${found.restarts - before} times, ${ended(found)}`, final: true };
  if (found.health?.state !== 'unhealthy') return undefined;
  return { reason: `its healthcheck fails: ${found.health.output}`, final: false };
}

async function statusOf(job: Job, service: Service): Promise<ServiceStatus> {
  const { world, connection, stack } = job;
  const { role } = service;
  const name = containerName(stack.project, service.name);
  const found = await findContainer(connection, name);
  if (found === undefined) return { role, name, state: 'absent' };
  if (!isOurs(world, found.labels, expected(stack))) return { role, name, state: 'foreign' };
  if (found.state !== 'running') {
    return { role, name, state: 'stopped', ...(found.state === 'exited' ? { reason: ended(found) } : {}) };
  }
  const since = found.startedAt;
  const answer = await probeService(stack.endpoints, role, world.signal);
  if (answer.ready) return { role, name, state: 'healthy', since };
  const state = found.health?.state === 'starting' && !answer.final ? 'starting' : 'unhealthy';
  return { role, name, state, since, reason: answer.reason };
}

/** Whoever asks for a stack has a record that names all of it. */
const expected = ({ project, installPath }: Stack): Expected => ({
  environment: project,
  installPath,
  recorded: true,
});

const ended = ({ exitCode, error }: ContainerFacts): string =>
  `it ended with status ${exitCode}${error === '' ? '' : ` (${error})`}`;

const volumesOf = (stack: Stack): readonly string[] => [
  ...new Set(stack.services.flatMap(({ volume }) => (volume === undefined ? [] : [volume.name]))),
];

function nameOf(stack: Stack, role: ServiceRole): string {
  const service = stack.services.find((one) => one.role === role);
  if (service === undefined) throw new Error(`the stack has no ${role}`);
  return containerName(stack.project, service.name);
}

/** All at once; a failure is thrown only when the others have ended too, so that nothing goes on unseen. */
async function together<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const ends = await Promise.allSettled(items.map(work));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
