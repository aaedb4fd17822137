// Everything that an environment consists of, for whoever wants to connect to a part of it.
import { addressOf, daemonsOf } from '../daemons/daemon.ts';
import { composeFile, statePaths, treePath, virtualenvPath } from '../environment/names.ts';
import type { Phase } from '../environment/record.ts';
import type { EnvironmentSpec, TreeSource } from '../environment/spec.ts';
import { endpointsOf } from '../halfstack/stack.ts';
import type { Release } from '../release/release.ts';
import type { World } from '../world.ts';
import { existingRecord } from './existing.ts';

/** The shape is a contract: `bai-dev describe --json` prints it as the `result` of its envelope. */
export interface Description {
  readonly id: string;
  readonly release: string;
  readonly title: string;
  readonly phase: Phase;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly engine: string;
  readonly python: { readonly version: string; readonly path: string };
  /** By name: `web`, `manager`, `postgres` with user and password, and so on. */
  readonly endpoints: Readonly<Record<string, string>>;
  readonly ports: EnvironmentSpec['ports'];
  /** Run on another machine: makes the web UI, and uploads to folders, work in its browser. */
  readonly tunnel: readonly string[];
  readonly accounts: Release['accounts'];
  readonly components: readonly {
    readonly name: string;
    /** Of PyPI's package; of git the branch, tag or commit. */
    readonly version: string;
    readonly source: TreeSource['source'];
    readonly folder: string;
    readonly virtualenv: string;
    readonly log?: string;
  }[];
  readonly folders: Readonly<Record<'install' | 'state' | 'logs', string>>;
  readonly composeFile?: string;
}

/** What the record knows of an environment; touches nothing. */
export async function describe(world: World, { id }: { id: string }): Promise<Description> {
  const { host } = world;
  const { spec, secrets, phase, createdAt } = await existingRecord(world, id);
  const { release, ports } = spec;
  const daemons = daemonsOf(host, spec);
  const { postgres, redis, etcd } = endpointsOf(spec, secrets);
  const login = `${postgres.user}:${encodeURIComponent(postgres.password)}`;
  const password = redis.password === undefined ? '' : `:${encodeURIComponent(redis.password)}@`;
  const paths = statePaths(host, id);
  return {
    id,
    release: release.version,
    title: release.title,
    phase,
    createdAt,
    engine: spec.engine,
    python: spec.python,
    endpoints: {
      ...Object.fromEntries(daemons.map((daemon) => [daemon.name, addressOf(daemon)])),
      postgres: `postgresql://${login}@${postgres.host}:${postgres.port}/${postgres.database}`,
      redis: `redis://${password}${redis.host}:${redis.port}`,
      etcd: etcd.url,
    },
    ports,
    tunnel: tunnelOf(world, [ports.webserver, ports.storageClient]),
    accounts: release.accounts,
    components: Object.entries(release.components).map(([name, { tree, virtualenv }]) => {
      const log = daemons.find((daemon) => daemon.name === name)?.log;
      return {
        name,
        version: spec.trees[tree]?.ref ?? '',
        source: spec.trees[tree]?.source ?? 'pypi',
        folder: treePath(spec, tree),
        virtualenv: virtualenvPath(spec, virtualenv),
        ...(log === undefined ? {} : { log }),
      };
    }),
    folders: { install: spec.installPath, state: paths.folder, logs: paths.logs },
    ...(spec.engine === 'docker' ? { composeFile: composeFile(spec) } : {}),
  };
}

/** The ports keep their numbers there: the web UI names them to the browser. */
function tunnelOf({ host }: World, ports: readonly number[]): readonly string[] {
  // of somebody who is here by ssh the address is known
  const [, , address = 'HOST'] = (host.variables['SSH_CONNECTION'] ?? '').split(' ');
  const forwards = ports.flatMap((port) => ['-L', `${port}:127.0.0.1:${port}`]);
  return ['ssh', ...forwards, `${host.user.name}@${address}`];
}
