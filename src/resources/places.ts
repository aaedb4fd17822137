// Where the things of an environment may lie. A record may have been edited, damaged or copied: what it names elsewhere
// is never removed, and neither is what lies in an install path that another environment has marked.
import { basename, dirname, join, normalize } from 'node:path';
import { sharedFolder } from '../daemons/shared.ts';
import { readMarker } from '../environment/marker.ts';
import { nativeFolders, statePaths } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { Failure } from '../failure.ts';
import { kindOf } from '../host/files.ts';
import { quoted } from '../quoted.ts';
import type { Host } from '../world.ts';
import type { Resource } from './resource.ts';

/** The step that writes the marker into the install path. */
const markerStep = 'folders:marker';

type Known = Pick<EnvironmentRecord, 'spec' | 'marks'>;

/** Throws `BAI-CONFLICT-OWNER` for a thing that is not at a place of the environment; asked just before it is removed. */
export async function assertOwnPlace(host: Host, record: Known, resource: Resource): Promise<void> {
  const { id, installPath } = record.spec;
  if (!isOwnPlace(host, record, resource)) {
    const where = 'path' in resource ? resource.path : 'name' in resource ? resource.name : '';
    throw new Failure(
      'BAI-CONFLICT-OWNER',
      `The record of ${id} names ${resource.kind} ${where}, which is no place of ${id}. It is left alone.`,
      {
        facts: { resource },
        next: [
          { purpose: 'see what the record says', command: `less ${quoted(statePaths(host, id).record)}` },
        ],
      },
    );
  }
  const paths = pathsOf(resource).filter((path) => isWithin(path, installPath) && path !== installPath);
  if (paths.length > 0) await assertMarked(host, record);
}

/** Of whom an install path is, its marker says; it is the last that is removed of what lies in it. */
async function assertMarked({ owner, user }: Host, { spec, marks }: Known): Promise<void> {
  const { id, installPath } = spec;
  if ((await kindOf(installPath)) === undefined) return;
  const marker = await readMarker(installPath);
  if (marker === undefined) {
    // an install that was interrupted before
    if (marks[markerStep]?.state !== 'done') return;
    throw new Failure(
      'BAI-CONFLICT-OWNER',
      `${installPath} has no ${id} in its .bai-dev file, so nothing proves that it is of ${id}. It is left alone.`,
      {
        facts: { path: installPath },
        next: [{ purpose: 'if it is, repair that file', command: `bai-dev install -e ${id}` }],
      },
    );
  }
  const isOurs = marker.id === id && marker.uid === user.uid && [undefined, owner].includes(marker.owner);
  if (isOurs) return;
  throw new Failure(
    'BAI-CONFLICT-OWNER',
    `${installPath} is of an environment ${marker.id} of another user or another state folder. It is left alone.`,
    { facts: { path: installPath } },
  );
}

const pathsOf = (resource: Resource): string[] =>
  'path' in resource ? [resource.path] : resource.kind === 'process' ? [resource.folder] : [];

function isOwnPlace(host: Host, { spec }: Known, resource: Resource): boolean {
  const { id, installPath } = spec;
  const native = Object.values(nativeFolders(host, id));
  const inside = (path: string): boolean => path !== installPath && isWithin(path, installPath);
  const isData = (path: string): boolean => native.some((folder) => isWithin(path, folder));
  const isAbove = (path: string): boolean => [installPath, ...native].some((place) => isWithin(place, path));
  switch (resource.kind) {
    case 'folder':
      // of a folder above only its being empty is asked
      return inside(resource.path) || isData(resource.path) || (!resource.own && isAbove(resource.path));
    case 'file':
      return inside(resource.path) && (resource.tree === undefined || inside(resource.tree));
    case 'tree':
      return inside(resource.path);
    case 'virtualenv':
      return (
        (inside(resource.path) || isNamed(resource.path, { name: resource.name, id, folder: 'envs' })) &&
        (resource.link === undefined ||
          isNamed(resource.link, { name: resource.name, id, folder: 'versions' }))
      );
    case 'container':
      return resource.name.startsWith(`${id}-`);
    case 'volume':
    case 'network':
      return resource.name.startsWith(`${id}_`);
    case 'process':
      return inside(resource.folder);
    case 'server':
      return isData(resource.path);
    case 'relay':
      return isRelay(resource);
    case 'lease':
      return true;
  }
}

/** pyenv's own places for a virtualenv of this name; that it is ours, a file in it proves. */
const isNamed = (path: string, wanted: { name: string; id: string; folder: string }): boolean =>
  wanted.name.startsWith(`venv-${wanted.id}-`) &&
  isPlain(path) &&
  basename(path) === wanted.name &&
  basename(dirname(path)) === wanted.folder;

/** Its files carry the hash that is in its name, and lie in the folder that all agents share. */
function isRelay({ name, files }: Extract<Resource, { kind: 'relay' }>): boolean {
  const hash = /^backendai-socket-relay\.([0-9a-f]{12})$/.exec(name)?.[1];
  const folders = [join(sharedFolder, 'ipc'), join(sharedFolder, 'ipc', 'container')];
  return (
    hash !== undefined &&
    files.every((path) => isPlain(path) && folders.includes(dirname(path)) && path.includes(`.${hash}.`))
  );
}

const isWithin = (path: string, folder: string): boolean =>
  isPlain(path) && isPlain(folder) && folder !== '/' && `${path}/`.startsWith(`${folder}/`);

/** Without `..` and the like, which would lead out of a folder again. */
const isPlain = (path: string): boolean => normalize(path) === path;
