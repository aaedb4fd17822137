// Every path and name of an environment, in one place: whoever makes, finds or removes a thing asks here.
import { join } from 'node:path';
import { hashOf } from '../host/files.ts';
import type { Host } from '../world.ts';
import { markerName } from './marker.ts';
import type { EnvironmentSpec } from './spec.ts';

/** The folder that holds all environments' own folders. */
export const environmentsFolder = (host: Host): string => join(host.folders.state, 'environments');

/** The folder in which environments are installed when nobody says where. */
export const installsFolder = (host: Host): string => join(host.home, 'backend.ai-dev');

/** Paths in the state folder, outside the install path: removing that by hand loses no knowledge. */
export function statePaths(host: Host, id: string) {
  const folder = join(environmentsFolder(host), id);
  return {
    folder,
    record: join(folder, 'record.json'),
    lock: join(folder, 'lock'),
    log: join(folder, 'install.log'),
    /** What the daemons write, and what each wrote before its last starts. */
    logs: join(folder, 'logs'),
  } as const;
}

/** Where root keeps what another user has to reach: PostgreSQL refuses to run as root, and nobody else gets into /root. */
export const sharedData = '/var/lib/bai-dev';

/** The folders in which the data of a native halfstack lie. */
export function nativeFolders(host: Host, id: string): { readonly own: string; readonly shared: string } {
  return {
    own: join(statePaths(host, id).folder, 'halfstack'),
    // two state folders of root may hold environments of the same ID
    shared: join(sharedData, hashOf(host.folders.state).slice(0, 12), id),
  };
}

/** What was saved of work in source trees before they were removed; outlives its environment. */
export const rescuesFolder = (host: Host, id: string): string => join(host.folders.state, 'rescued', id);

/** The snapshots of an environment's data; they outlive it. */
export const snapshotsFolder = (host: Host, id: string): string => join(host.folders.state, 'snapshots', id);

/** Holds ID and owner, so that commands given inside the install path need no `-e`. */
export const markerFile = (spec: EnvironmentSpec): string => join(spec.installPath, markerName);

/** A tree's working copy. */
export function treePath(spec: EnvironmentSpec, tree: string): string {
  return join(spec.installPath, member(spec.release.trees, tree, 'tree').folder);
}

/** The name by which pyenv knows a virtualenv: `venv-<id>-<suffix>`, as install-dev.sh gives it. */
export function virtualenvName(spec: EnvironmentSpec, virtualenv: string): string {
  return `venv-${spec.id}-${member(spec.release.virtualenvs, virtualenv, 'virtualenv').suffix}`;
}

/** Is in a virtualenv of ours from its first moment; holds the ID of the environment and its owner. */
export const ownerFile = '.bai-dev-environment';

/** Where pyenv-virtualenv would put it, or in its tree where there is no pyenv to write to. */
export function virtualenvPath(spec: EnvironmentSpec, virtualenv: string): string {
  const { pyenv, version } = spec.python;
  return pyenv === undefined
    ? join(treePath(spec, member(spec.release.virtualenvs, virtualenv, 'virtualenv').tree), '.venv')
    : join(pyenv, 'versions', version, 'envs', virtualenvName(spec, virtualenv));
}

/** Where pyenv keeps its versions and virtualenvs; may not exist. */
export const pyenvRoot = (host: Host): string => host.variables['PYENV_ROOT'] || join(host.home, '.pyenv');

/** The file that shows the halfstack to people and to `docker compose`. */
export const composeFile = (spec: EnvironmentSpec): string =>
  join(spec.installPath, `docker-compose.halfstack.${spec.id}.yml`);

/** Compose's own names for the things of a project. */
export const containerName = (id: string, service: string): string => `${id}-${service}-1`;
export const networkName = (id: string, network: string): string => `${id}_${network}`;
export const volumeName = (id: string, volume: string): string => `${id}_${volume}`;

/** An entry that the release's own data promises; its absence is our mistake. */
export function member<T>(table: Readonly<Record<string, T>>, name: string, what: string): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found === undefined) throw new Error(`the release names no ${what} "${name}"`);
  return found;
}
