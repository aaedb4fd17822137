// Which part of an environment a thing is of, and what stays when a part is to be kept.
import { composeFile, markerFile } from '../environment/names.ts';
import { wholeFolders } from '../environment/user-files.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import type { Resource } from '../resources/resource.ts';

/** Parts that can be kept; `rest` goes with the environment, or stays while any of it does. */
export type Part = 'halfstack' | 'virtualenvs' | 'sources' | 'rest';

/** What goes and what stays, each in the order of the record. */
export interface Split {
  readonly go: readonly Resource[];
  readonly stay: readonly Resource[];
}

/** The resources of a record, sorted by whether they are of the parts to be kept or hold something of these. */
export function splitOf({ spec, resources }: EnvironmentRecord, kept: ReadonlySet<Part>): Split {
  if (kept.size === 0) return { go: resources, stay: [] };
  const isOfKept = (resource: Resource): boolean => kept.has(partOf(resource, { spec, resources }));
  const paths = resources.filter(isOfKept).flatMap((one) => ('path' in one ? [one.path] : []));
  const holds = (resource: Resource): boolean =>
    'path' in resource && paths.some((path) => path.startsWith(`${resource.path}/`));
  const stays = (resource: Resource): boolean =>
    isOfKept(resource) || holds(resource) || isNeeded(resource, spec);
  return { go: resources.filter((one) => !stays(one)), stay: resources.filter(stays) };
}

/** Of what an environment is that is half there: its ports and its name in the install path. */
const isNeeded = (resource: Resource, spec: EnvironmentRecord['spec']): boolean =>
  resource.kind === 'lease' || (resource.kind === 'file' && resource.path === markerFile(spec));

/** The part that a resource is of. */
export function partOf(
  resource: Resource,
  { spec, resources }: Pick<EnvironmentRecord, 'spec' | 'resources'>,
): Part {
  switch (resource.kind) {
    case 'container':
    case 'volume':
    case 'network':
    case 'server':
      return 'halfstack';
    case 'virtualenv':
      return 'virtualenvs';
    case 'tree':
      return 'sources';
    case 'file':
      if (resource.path === composeFile(spec)) return 'halfstack';
      return resource.tree === undefined ? 'rest' : 'sources';
    case 'folder':
      // the folders of a native halfstack, and the virtual folders, of which the database knows
      return resources.some((one) => one.kind === 'server' && one.path.startsWith(`${resource.path}/`)) ||
        wholeFolders({ spec, resources }).includes(resource.path)
        ? 'halfstack'
        : 'rest';
    case 'lease':
    case 'process':
    case 'relay':
      return 'rest';
  }
}
