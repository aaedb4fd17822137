// The native engine: the halfstack's servers as processes that outlive us, with their data in the state folder.
import { assertPortsFree } from '../../daemons/occupied.ts';
import type { ServerRole } from '../../environment/servers.ts';
import type { EnvironmentSpec } from '../../environment/spec.ts';
import { spawnDetached, type Started } from '../../host/detach.ts';
import { kindOf, listFolder, makeFolder } from '../../host/files.ts';
import { realPath } from '../../host/path.ts';
import { processFacts } from '../../host/proc.ts';
import { isTaken } from '../../host/net.ts';
import { lastLines, linesOf } from '../../host/tail.ts';
import type { StepControl } from '../../plan/step.ts';
import type { World } from '../../world.ts';
import type { HalfstackEngine, ServiceStatus, Stack } from '../engine.ts';
import { fullDisk } from '../full.ts';
import { probeService, waitUntilAnswering, type Trouble } from '../ready.ts';
import { etcdServer } from './etcd.ts';
import type { Job, NativeServer } from './launch.ts';
import { weaknessOf } from './offers.ts';
import { databaseUser, placesOf, resourcesOf } from './places.ts';
import { postgresServer } from './postgres.ts';
import { redisServer } from './redis.ts';
import { findServer, noteServer, stopServer } from './running.ts';
import { areProvided, provide } from './provide.ts';
import { nativeStores } from './stores.ts';

/** Seconds in which all servers must answer; a cold disk and a long log to be replayed included. */
const upLimit = 120;
/** Lines of its log that an unhealthy server's failure shows. */
const shownLines = 20;

const kinds: Readonly<Record<ServerRole, NativeServer>> = {
  postgres: postgresServer,
  redis: redisServer,
  etcd: etcdServer,
};

/** The servers that the spec has chosen; `world` is that of the environment. */
export function nativeEngine(world: World, spec: EnvironmentSpec): HalfstackEngine {
  const { servers } = spec;
  if (servers === undefined) throw new Error(`${spec.id} has no native servers`);
  const places = placesOf(world.host, spec.id, servers);
  const jobs = async (stack: Stack): Promise<Job[]> => {
    const user = await databaseUser(world.host);
    return stack.services.map((service) => ({
      world,
      stack,
      service,
      places,
      place: places.servers[service.role],
      version: servers[service.role].version,
      user: service.role === 'postgres' ? user : undefined,
      peerPort: spec.ports.etcdPeer,
    }));
  };
  return {
    name: 'native',
    prepare: (_stack, control) => provide(world, { servers, index: spec.index }, control),
    prepared: () => areProvided(world, servers),
    up: async (stack, control) => {
      await provide(world, { servers, index: spec.index }, control);
      await up(await jobs(stack), control);
    },
    lost: async () => {
      const all = Object.values(places.servers);
      const there = await Promise.all(all.map(({ data }) => holdsData(data)));
      return all.flatMap(({ role, data }, at) => (there[at] === true ? [] : [`folder ${data} (${role})`]));
    },
    stop: async () => {
      await together(Object.values(places.servers), stopServer);
    },
    logs: (_stack, role, wanted) => linesOf(places.logs[role], wanted),
    status: async (stack) => Promise.all((await jobs(stack)).map(statusOf)),
    stores: () => nativeStores(places),
    downloads: () => {
      const packages = Object.values(servers).filter((server) => server.source !== 'path');
      return {
        names: packages.map(({ file }) => file),
        bytes: packages.reduce((sum, { bytes }) => sum + bytes, 0),
      };
    },
    resources: () => resourcesOf(places),
  };
}

/** True for a folder with something in it, or a link to one. */
async function holdsData(path: string): Promise<boolean> {
  const real = await realPath(path);
  return real !== undefined && (await listFolder(real)).length > 0;
}

/** Starts what does not run and waits for all; if that fails, what was started here is stopped again. */
async function up(jobs: readonly Job[], control: StepControl): Promise<void> {
  const [first] = jobs;
  if (first === undefined) return;
  const { stack, places } = first;
  const jobOf = (role: ServerRole): Job => {
    const job = jobs.find(({ place }) => place.role === role);
    if (job === undefined) throw new Error(`the stack has no ${role}`);
    return job;
  };
  await makeFolder(places.folder, 0o700);
  const running = await Promise.all(jobs.map(({ place }) => findServer(place)));
  const missing = jobs.filter((_, at) => running[at] === undefined);
  const started = new Map<ServerRole, Started>();
  try {
    await together(missing, async (job) => {
      started.set(job.place.role, await start(job));
    });
    await waitUntilAnswering({
      endpoints: stack.endpoints,
      roles: jobs.map(({ place }) => place.role),
      limit: upLimit,
      signal: control.signal,
      onAnswer: (role) => control.progress(`${role} answers`),
      trouble: (role) => troubleOf(jobOf(role), started.get(role)),
      lastLines: async (role) => (await lastLines(places.logs[role], shownLines)) ?? [],
    });
  } catch (error) {
    await Promise.allSettled(missing.map(({ place }) => stopServer(place)));
    throw fullDisk(error, `df -h ${JSON.stringify(places.folder)}`) ?? error;
  }
  control.summary(jobs.map(({ service }) => `${service.role} ${service.port.outside}`).join(' · '));
}

async function start(job: Job): Promise<Started> {
  const { world, place, places, service, peerPort, stack } = job;
  // what a killed server left: PostgreSQL's other processes hold on to its memory for a while
  await stopServer(place);
  const ports = [service.port.outside, ...(place.role === 'etcd' ? [peerPort] : [])];
  await assertPortsFree({ world, id: stack.project }, { name: place.role, ports }, { then: false });
  const kind = kinds[place.role];
  await kind.makeData(job);
  await kind.unlock?.(job);
  const launch = await kind.launch(job);
  const started = await spawnDetached(world, {
    file: place.program,
    cwd: place.data,
    log: places.logs[place.role],
    ...launch,
  });
  await noteServer(place, started);
  return started;
}

async function troubleOf({ place }: Job, started: Started | undefined): Promise<Trouble | undefined> {
  if ((await findServer(place)) !== undefined) return undefined;
  const how = started?.ended();
  return { reason: `its process ended${how === undefined ? '' : ` with ${how}`}`, final: true };
}

async function statusOf(job: Job): Promise<ServiceStatus> {
  const { world, stack, service, place } = job;
  const { role, name } = service;
  const server = await findServer(place);
  if (server === undefined) {
    if (await isTaken(service.port.outside)) {
      return { role, name, state: 'foreign', reason: `another process holds port ${service.port.outside}` };
    }
    return { role, name, state: (await kindOf(place.data)) === 'folder' ? 'stopped' : 'absent' };
  }
  const since = (await processFacts(server.pid))?.since;
  const more = { pid: server.pid, ...(since === undefined ? {} : { since }) };
  const answer = await probeService(stack.endpoints, role, world.signal);
  if (answer.ready) {
    const reason = weaknessOf(world.host, job.place.role, job.version);
    return { role, name, state: 'healthy', ...more, ...(reason === undefined ? {} : { reason }) };
  }
  return { role, name, state: answer.final ? 'unhealthy' : 'starting', ...more, reason: answer.reason };
}

/** All at once; a failure is thrown only when the others have ended too, so that nothing goes on unseen. */
async function together<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const ends = await Promise.allSettled(items.map(work));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
