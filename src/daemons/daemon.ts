// What runs for each component that has a daemon: its program, folder, variables, ports and log.
import { join } from 'node:path';
import { member, statePaths, treePath, virtualenvPath } from '../environment/names.ts';
import type { Ports } from '../environment/ports.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import type { Component } from '../release/release.ts';
import { withheldFrom, withoutProxyHere } from '../host/variables.ts';
import type { Host } from '../world.ts';
import { daemonMark } from './running.ts';

/** A server process of Backend.AI, as one environment runs it. */
export interface Daemon {
  /** Its component: `manager`. */
  readonly name: string;
  /** Its component's working copy: settings, pid files and certificates are looked for there. */
  readonly folder: string;
  readonly virtualenv: string;
  readonly python: string;
  readonly args: readonly string[];
  /** Daemons that must be ready before. */
  readonly after: readonly string[];
  readonly ports: readonly number[];
  /** How one sees that it answers; without one the manager is asked. */
  readonly probe?: { readonly url: string; readonly status: readonly number[] };
  readonly needsDocker: boolean;
  readonly log: string;
}

/** A command of a component, ready to be run. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** `undefined` takes a variable away. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Every daemon of an environment, in an order in which they can be started. */
export function daemonsOf(host: Host, spec: EnvironmentSpec): readonly Daemon[] {
  return Object.entries(spec.release.components).flatMap(([name, { tree, virtualenv, daemon }]) => {
    if (daemon === undefined) return [];
    const { module, after, needsDocker, probe } = daemon;
    const environment = virtualenvPath(spec, virtualenv);
    return [
      {
        name,
        folder: treePath(spec, tree),
        virtualenv: environment,
        python: join(environment, 'bin', 'python'),
        args: ['-m', module, ...daemon.arguments],
        after,
        ports: daemon.ports.map((port) => portOf(spec, port)),
        ...(probe === undefined ? {} : { probe: { url: urlOf(spec, probe), status: probe.status } }),
        needsDocker,
        log: daemonLog(host, spec.id, name),
      },
    ];
  });
}

/** Where a daemon answers, as a person would write it. */
export function addressOf({ probe, ports }: Pick<Daemon, 'probe' | 'ports'>): string {
  return probe === undefined ? `127.0.0.1:${ports[0] ?? ''}` : probe.url.replace(/\/$/, '');
}

export const daemonLog = (host: Host, id: string, name: string): string =>
  join(statePaths(host, id).logs, `${name}.log`);

/**
 * How a daemon is started. `docker` is the address of the engine that it may use; without one it is told an
 * address where nothing listens, because the manager of 2021 ends when it is told none (facts 15.1 W1).
 */
export function launchOf(
  host: Host,
  spec: EnvironmentSpec,
  wanted: { daemon: Daemon; docker?: string },
): Launch {
  const { daemon, docker } = wanted;
  // a tmux server that runs already gives its windows its own variables, so they are named here as well
  const withheld = withheldFrom(host.variables, 'own');
  return {
    file: daemon.python,
    args: daemon.args,
    cwd: daemon.folder,
    environment: {
      ...Object.fromEntries(withheld.map((name) => [name, undefined])),
      ...withoutProxyHere(host.variables),
      ...virtualenvVariables(host, daemon.virtualenv),
      PYTHONUNBUFFERED: '1',
      DOCKER_HOST: docker ?? `unix://${join(statePaths(host, spec.id).folder, 'no-docker.sock')}`,
      DOCKER_CONTEXT: undefined,
      // the daemons give themselves a title; without this it overwrites the variables that others see of them
      SPT_NOENV: '1',
      [daemonMark]: daemon.name,
    },
  };
}

/** What an activated virtualenv consists of. */
export function virtualenvVariables(host: Host, virtualenv: string): Record<string, string | undefined> {
  return {
    VIRTUAL_ENV: virtualenv,
    PATH: [join(virtualenv, 'bin'), host.variables['PATH']].filter(Boolean).join(':'),
    PYTHONHOME: undefined,
    PYENV_VERSION: undefined,
  };
}

type Probe = NonNullable<NonNullable<Component['daemon']>['probe']>;

const urlOf = (spec: EnvironmentSpec, { scheme, port, path }: Probe): string =>
  `${scheme}://127.0.0.1:${portOf(spec, port)}${path}`;

const portOf = (spec: EnvironmentSpec, name: string): number =>
  member<number>(spec.ports satisfies Ports, name, 'port');
