// What a person needs to work in an environment by hand: daemons, URLs, accounts, files.
import { basename, join } from 'node:path';
import { daemonsOf } from '../daemons/daemon.ts';
import { connectTo } from '../docker/client.ts';
import { imagesLabelled } from '../docker/images.ts';
import { imageKeys, kernelLabel } from '../docker/kernels.ts';
import { probeDocker, type DockerFacts } from '../docker/probe.ts';
import { dockerTrouble } from '../docker/trouble.ts';
import {
  composeFile,
  containerName,
  member,
  statePaths,
  treePath,
  virtualenvPath,
} from '../environment/names.ts';
import type { EnvironmentSpec, TreeSource } from '../environment/spec.ts';
import { execute } from '../host/exec.ts';
import { servicesOf, type Release } from '../release/release.ts';
import { shownAddress } from '../source/address.ts';
import type { World } from '../world.ts';
import { existingRecord } from './existing.ts';

export interface GuideDaemon {
  readonly component: string;
  readonly folder: string;
  readonly virtualenv: string;
  /** To be typed in the folder, with the virtualenv activated. */
  readonly command: readonly string[];
  /** The virtualenv's own `python`, with which nothing needs to be activated. */
  readonly python: string;
  /** Variables that it needs on this machine. */
  readonly variables: Readonly<Record<string, string>>;
  /** Why it cannot run on this machine as it is. */
  readonly unavailable?: string;
}

export interface Guide {
  readonly id: string;
  readonly release: string;
  readonly title: string;
  readonly phase: string;
  readonly installPath: string;
  readonly daemons: readonly GuideDaemon[];
  readonly urls: Readonly<Record<'web' | 'manager', string>>;
  readonly halfstack: {
    /** The compose file; a native halfstack has none. */
    readonly file?: string;
    readonly ports: Readonly<Record<'postgres' | 'redis' | 'etcd', number>>;
    /** How it is started and stopped by hand; absent while it cannot be. */
    readonly start?: readonly string[];
    readonly stop?: readonly string[];
    /** Why it cannot. */
    readonly unavailable?: string;
  };
  /** Where each tree came from: a version of PyPI's, or a branch, tag or commit of a repository. */
  readonly sources: readonly {
    readonly tree: string;
    readonly source: TreeSource['source'];
    readonly ref: string;
    /** Without credentials. */
    readonly address: string;
  }[];
  readonly accounts: Release['accounts'];
  readonly client: {
    readonly folder: string;
    /** The virtualenv's own `backend.ai`. */
    readonly program: string;
    readonly files: readonly string[];
    /** Commands of `backend.ai` as this release spells them. */
    readonly users: readonly string[];
    readonly agents: readonly string[];
    /** Runs a session; absent where none can be started. */
    readonly hello?: readonly string[];
  };
  /** Only with one: the version of its plugin, what it offers, and what a person should know of it. */
  readonly accelerator?: {
    readonly kind: string;
    readonly plugin: string;
    readonly slot: string;
    readonly remark?: string;
    /** Settings that are the developer's to change. */
    readonly files: readonly string[];
  };
  readonly log: string;
}

/** How to work by hand in an environment, as it works on this machine now; touches nothing. `BAI-ENVIRONMENT-ABSENT` if there is none. */
export async function guide(world: World, { id }: { id: string }): Promise<Guide> {
  const record = await existingRecord(world, id);
  const { spec } = record;
  const { release, ports } = spec;
  const clientTree = member(release.virtualenvs, release.client.virtualenv, 'virtualenv').tree;
  const docker = await probeDocker(world, spec.engine === 'docker' ? spec.engineAddress : undefined);
  const withSessions = docker.state === 'ok' && (await hasKernelImage(world, docker.address));
  return {
    id,
    release: release.version,
    title: release.title,
    phase: record.phase,
    installPath: spec.installPath,
    daemons: daemonsOf(world.host, spec).map((daemon): GuideDaemon => {
      const { name, folder, virtualenv, args, python, needsDocker } = daemon;
      const trouble = docker.state === 'ok' ? undefined : dockerTrouble(docker);
      return {
        component: name,
        folder,
        virtualenv: basename(virtualenv),
        command: ['python', ...args],
        python,
        variables: dockerVariables(world, spec, docker),
        ...(needsDocker && trouble !== undefined ? { unavailable: trouble } : {}),
      };
    }),
    urls: { web: `http://127.0.0.1:${ports.webserver}`, manager: `http://127.0.0.1:${ports.manager}` },
    halfstack: {
      ...(spec.engine === 'docker' ? { file: composeFile(spec) } : {}),
      ports: { postgres: ports.postgres, redis: ports.redis, etcd: ports.etcd },
      ...(await halfstackCommands(world, spec, docker)),
    },
    sources: Object.entries(spec.trees).map(([tree, { source, ref, address }]) => ({
      tree,
      source,
      ref,
      address: source === 'git' ? shownAddress(address) : address,
    })),
    accounts: release.accounts,
    client: {
      folder: treePath(spec, clientTree),
      program: join(virtualenvPath(spec, release.client.virtualenv), 'bin', 'backend.ai'),
      files: release.files.filter(({ format }) => format === 'shell').map(({ path }) => path),
      users: release.client.users,
      agents: release.client.agents,
      ...(withSessions ? { hello: release.client.hello } : {}),
    },
    ...acceleratorOf(spec),
    log: statePaths(world.host, id).log,
  };
}

/** Docker for whoever needs it; without one an address where nothing listens, as `bai-dev start` gives it. */
function dockerVariables(world: World, spec: EnvironmentSpec, docker: DockerFacts): Record<string, string> {
  if (docker.state !== 'ok') {
    return { DOCKER_HOST: `unix://${join(statePaths(world.host, spec.id).folder, 'no-docker.sock')}` };
  }
  return docker.address === usualDocker ? {} : { DOCKER_HOST: docker.address };
}

const usualDocker = 'unix:///var/run/docker.sock';

async function hasKernelImage(world: World, address: string): Promise<boolean> {
  const images = await imagesLabelled(connectTo(world, address), kernelLabel).catch(() => []);
  return images.some((image) => imageKeys(image) !== undefined);
}

/** Compose where Docker has it, else Docker itself; servers without Docker have no other command than ours. */
async function halfstackCommands(
  world: World,
  spec: EnvironmentSpec,
  docker: DockerFacts,
): Promise<Pick<Guide['halfstack'], 'start' | 'stop' | 'unavailable'>> {
  const { id, engine } = spec;
  if (engine === 'native') {
    return {
      start: ['bai-dev', 'start', id, '--halfstack-only'],
      stop: ['bai-dev', 'stop', id, '--halfstack-only'],
    };
  }
  if (docker.state !== 'ok') return { unavailable: dockerTrouble(docker) };
  const variables = Object.entries(dockerVariables(world, spec, docker)).map(
    ([name, value]) => `${name}=${value}`,
  );
  const prefix = variables.length === 0 ? [] : ['env', ...variables];
  const answer = await execute(world, {
    file: 'docker',
    args: ['compose', 'version'],
    limit: 10,
    quiet: true,
  }).catch(() => undefined);
  world.signal.throwIfAborted();
  const names = servicesOf(spec.release).map(({ service }) => containerName(id, service.name));
  const command = (verb: string): readonly string[] =>
    answer === undefined
      ? [...prefix, 'docker', verb, ...names]
      : [...prefix, 'docker', 'compose', '-p', id, verb];
  return { start: command('start'), stop: command('stop') };
}

function acceleratorOf(spec: EnvironmentSpec): Pick<Guide, 'accelerator'> {
  const { kind } = spec.accelerator;
  const added = kind === 'none' ? undefined : spec.release.accelerators[kind];
  if (added === undefined) return {};
  const { slot, remark, trees, files } = added;
  return {
    accelerator: {
      kind,
      plugin: Object.keys(trees)
        .map((tree) => `${tree} ${spec.trees[tree]?.ref ?? ''}`)
        .join(', '),
      slot,
      ...(remark === undefined ? {} : { remark }),
      files: files.map(({ tree, path }) =>
        join(tree === undefined ? spec.installPath : treePath(spec, tree), path),
      ),
    },
  };
}
