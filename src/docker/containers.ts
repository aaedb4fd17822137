// Containers: how one stands, making, starting, stopping, removing.
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import { ask, askFor, changeLimit, lookLimit, statusOf, type Connection, type Asking } from './client.ts';
import { projectLabel, type Labels } from './labels.ts';

export interface ContainerFacts {
  readonly id: string;
  readonly name: string;
  readonly labels: Labels;
  readonly state: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  /** What its healthcheck says; absent without one or while it does not run. */
  readonly health?: { readonly state: string; readonly output: string };
  /** ISO 8601. */
  readonly startedAt: string;
  /** When it ended last, ISO 8601; the year 1 if it never did. */
  readonly finishedAt: string;
  readonly exitCode: number;
  /** Why the engine could not start it; empty if it could. */
  readonly error: string;
  readonly restarts: number;
  /** IDs of its networks by name; empty for one that it has not joined yet. */
  readonly networks: Readonly<Record<string, string>>;
}

/** The container of exactly that name; undefined if there is none. */
export async function findContainer(
  connection: Connection,
  name: string,
): Promise<ContainerFacts | undefined> {
  const found = await askFor(connection, {
    doing: `look at container ${name}`,
    limit: lookLimit,
    call: (client, abortSignal) => client.getContainer(name).inspect({ abortSignal }),
  });
  // the engine also takes the beginning of an ID for a name
  if (found?.Name !== `/${name}`) return undefined;
  const { State: state, Config: config } = found;
  const health = state.Health;
  return {
    id: found.Id,
    name,
    labels: config.Labels,
    state: state.Status as ContainerFacts['state'],
    ...(health === undefined
      ? {}
      : { health: { state: health.Status, output: health.Log.at(-1)?.Output.trim() ?? '' } }),
    startedAt: state.StartedAt,
    finishedAt: state.FinishedAt,
    exitCode: state.ExitCode,
    error: state.Error,
    restarts: found.RestartCount,
    networks: Object.fromEntries(
      Object.entries(found.NetworkSettings.Networks).map(([network, { NetworkID }]) => [network, NetworkID]),
    ),
  };
}

/** Names of all containers, running or not, that belong to a compose project, with their labels. */
export async function containersOfProject(
  connection: Connection,
  project: string,
): Promise<readonly { readonly name: string; readonly labels: Labels }[]> {
  const found = await ask(connection, {
    doing: 'list its containers',
    limit: lookLimit,
    call: (client, abortSignal) => {
      const filters = { label: [`${projectLabel}=${project}`] };
      return client.listContainers({ all: true, filters, abortSignal });
    },
  });
  return found.map(({ Names, Labels }) => ({ name: Names[0]?.replace(/^\//, '') ?? '', labels: Labels }));
}

/** All containers, running or not: their labels, and the folders of this machine that they hold. */
export async function allContainers(
  connection: Connection,
): Promise<
  readonly { readonly name: string; readonly labels: Labels; readonly folders: readonly string[] }[]
> {
  const found = await ask(connection, {
    doing: 'list its containers',
    limit: lookLimit,
    call: (client, abortSignal) => client.listContainers({ all: true, abortSignal }),
  });
  return found.map(({ Names, Labels, Mounts }) => ({
    name: Names[0]?.replace(/^\//, '') ?? '',
    labels: Labels,
    folders: Mounts.flatMap(({ Type, Source }) => (Type === 'bind' ? [Source] : [])),
  }));
}

/** The running container that publishes a port of this machine; undefined if none does. */
export async function containerOnPort(connection: Connection, port: number): Promise<string | undefined> {
  const found = await ask(connection, {
    doing: 'list its containers',
    limit: lookLimit,
    call: (client, abortSignal) => client.listContainers({ abortSignal }),
  });
  const one = found.find(({ Ports }) => Ports.some(({ PublicPort }) => PublicPort === port));
  return one?.Names[0]?.replace(/^\//, '');
}

/** Makes a container that does not run yet; `body` is the engine's own description. */
export async function createContainer(connection: Connection, name: string, body: object): Promise<void> {
  await ask(connection, {
    doing: `make container ${name}`,
    limit: changeLimit,
    // without `_query` and `_body` dockerode puts the whole description, secrets included, into the URL
    call: (client, abortSignal) =>
      client.createContainer({ _query: { name }, _body: body, abortSignal } as object),
  });
}

/** Starts a container; one that runs stays as it is. */
export async function startContainer(connection: Connection, name: string): Promise<void> {
  await apply(connection, {
    doing: `start container ${name}`,
    needless: [304],
    call: (client, abortSignal) => client.getContainer(name).start({ abortSignal }),
  });
}

/** Lets a paused container go on. */
export async function unpauseContainer(connection: Connection, name: string): Promise<void> {
  await apply(connection, {
    doing: `wake container ${name}`,
    needless: [],
    call: (client, abortSignal) => client.getContainer(name).unpause({ abortSignal }),
  });
}

/** Stops a container within its grace time; one that does not run stays as it is, an absent one is stopped. */
export async function stopContainer(connection: Connection, name: string): Promise<void> {
  await apply(connection, {
    doing: `stop container ${name}`,
    needless: [304, 404],
    call: (client, abortSignal) => client.getContainer(name).stop({ t: stopGrace, abortSignal }),
  });
}

/** Stops and removes a container and its anonymous volumes; true if it was there. Named volumes stay. */
export async function removeContainer(connection: Connection, name: string): Promise<boolean> {
  await stopContainer(connection, name);
  const asked = await askFor(connection, {
    doing: `remove container ${name}`,
    limit: changeLimit,
    call: async (client, abortSignal) => {
      try {
        await client.getContainer(name).remove({ v: true, force: true, abortSignal });
      } catch (error) {
        // 409: somebody else removes it right now
        if (statusOf(error) !== 409) throw error;
      }
      return true;
    },
  });
  if (asked === undefined) return false;
  const end = performance.now() + changeLimit;
  while ((await findContainer(connection, name)) !== undefined) {
    if (performance.now() > end) {
      throw new Failure('BAI-ENGINE', `Docker does not get rid of container ${name}.`);
    }
    await sleep(100, undefined, { signal: connection.signal });
  }
  return true;
}

/** Seconds between asking a server to end and ending it: PostgreSQL writes its last checkpoint in these. */
const stopGrace = 10;

interface Change {
  readonly doing: string;
  /** Statuses that say that nothing had to be done; 304: it is so already. */
  readonly needless: readonly number[];
  readonly call: Asking<unknown>['call'];
}

async function apply(connection: Connection, change: Change): Promise<void> {
  await ask(connection, {
    doing: change.doing,
    limit: changeLimit,
    call: async (client, abortSignal) => {
      try {
        await change.call(client, abortSignal);
      } catch (error) {
        if (!change.needless.includes(statusOf(error) ?? 0)) throw error;
      }
    },
  });
}
