// Where things of an environment may lie: a record that was edited, damaged or copied must not lead anywhere else.
import { dirname, normalize } from 'node:path';
import { pathsOf, type Resource } from '../resources/resource.ts';
import type { Host } from '../world.ts';
import { statePaths } from './names.ts';
import type { EnvironmentRecord } from './record.ts';

/** Where root's native servers lie, as the user that runs them cannot enter root's home. */
const sharedServers = '/var/lib/bai-dev';

/** Where upstream keeps what all agents share. */
const temporary = '/tmp';

/**
 * The first path in a record that lies outside of its environment's places: the install path, the folder in the state,
 * pyenv's virtualenvs and the folder of root's servers. Undefined if there is none. Read-only, and follows no links.
 */
export function strayPath(host: Host, record: EnvironmentRecord): string | undefined {
  const specs = [record.spec, ...(record.former ?? [])];
  const install = specs.find(({ installPath }) => !isInstallPath(host, installPath));
  if (install !== undefined) return install.installPath;
  const pyenvs = specs.flatMap(({ python }) =>
    python.pyenv === undefined ? [] : [`${python.pyenv}/versions`],
  );
  const roots = [
    ...specs.map(({ installPath }) => installPath),
    ...[statePaths(host, record.spec.id).folder, sharedServers],
  ];
  const isInside = (path: string, resource: Resource): boolean => {
    if (!isPlain(path)) return false;
    if (resource.kind === 'virtualenv' && pyenvs.some((root) => isBelow(path, root))) return true;
    // removed only if nothing is in it
    const parents =
      resource.kind === 'folder' && !resource.own ? specs.map((spec) => dirname(spec.installPath)) : [];
    return parents.includes(path) || roots.some((root) => path === root || isBelow(path, root));
  };
  for (const resource of record.resources) {
    const stray = pathsOf(resource).find((path) => !isInside(path, resource));
    if (stray !== undefined) return stray;
    const files = resource.kind === 'relay' ? resource.files : [];
    const file = files.find((path) => !isPlain(path) || !isBelow(path, temporary));
    if (file !== undefined) return file;
  }
  return undefined;
}

/** Neither a folder that holds the user's or bai-dev's own, nor one at the top of the machine. */
function isInstallPath(host: Host, path: string): boolean {
  if (!isPlain(path) || dirname(path) === path) return false;
  return ![host.home, ...Object.values(host.folders)].some((own) => own === path || isBelow(own, path));
}

/** Absolute, without `..` or anything else that could be read in two ways. */
const isPlain = (path: string): boolean =>
  path.startsWith('/') &&
  !path.includes('\0') &&
  normalize(path) === path &&
  !(path.length > 1 && path.endsWith('/'));

const isBelow = (path: string, folder: string): boolean => path.startsWith(`${folder}/`);
