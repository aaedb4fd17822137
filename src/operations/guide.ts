// What a person needs to work in an environment by hand: daemons, URLs, accounts, files.
import { join } from 'node:path';
import {
  composeFile,
  member,
  statePaths,
  treePath,
  virtualenvName,
  virtualenvPath,
} from '../environment/names.ts';
import type { EnvironmentSpec, TreeSource } from '../environment/spec.ts';
import type { Release } from '../release/release.ts';
import { shownAddress } from '../source/address.ts';
import type { World } from '../world.ts';
import { existingRecord } from './existing.ts';

export interface GuideDaemon {
  readonly component: string;
  readonly folder: string;
  readonly virtualenv: string;
  /** To be typed in the folder, where pyenv turns the virtualenv on by itself. */
  readonly command: readonly string[];
  /** The same, for whoever has no pyenv in the shell. */
  readonly python: string;
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
    readonly files: readonly string[];
    /** Commands of `backend.ai` as this release spells them. */
    readonly users: readonly string[];
    readonly agents: readonly string[];
    readonly hello: readonly string[];
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

/** Everything about an environment that its record knows; touches nothing. `BAI-ENVIRONMENT-ABSENT` if there is none. */
export async function guide(world: World, { id }: { id: string }): Promise<Guide> {
  const record = await existingRecord(world, id);
  const { spec } = record;
  const { release, ports } = spec;
  const clientTree = member(release.virtualenvs, release.client.virtualenv, 'virtualenv').tree;
  return {
    id,
    release: release.version,
    title: release.title,
    phase: record.phase,
    installPath: spec.installPath,
    daemons: Object.entries(release.components).flatMap(([component, { tree, virtualenv, daemon }]) =>
      daemon === undefined
        ? []
        : [
            {
              component,
              folder: treePath(spec, tree),
              virtualenv: virtualenvName(spec, virtualenv),
              command: ['python', '-m', daemon.module, ...daemon.arguments],
              python: join(virtualenvPath(spec, virtualenv), 'bin', 'python'),
            },
          ],
    ),
    urls: { web: `http://127.0.0.1:${ports.webserver}`, manager: `http://127.0.0.1:${ports.manager}` },
    halfstack: {
      ...(spec.engine === 'docker' ? { file: composeFile(spec) } : {}),
      ports: { postgres: ports.postgres, redis: ports.redis, etcd: ports.etcd },
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
      files: release.files.filter(({ format }) => format === 'shell').map(({ path }) => path),
      users: release.client.users,
      agents: release.client.agents,
      hello: release.client.hello,
    },
    ...acceleratorOf(spec),
    log: statePaths(world.host, id).log,
  };
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
