// What a removal would do, resource by resource, and what a person calls that which stays.
import type { EnvironmentRecord } from '../environment/record.ts';
import { Failure } from '../failure.ts';
import { hashOf, kindOf, listFolder, readText } from '../host/files.ts';
import { linkTarget } from '../host/links.ts';
import { mountsIn } from '../host/mounts.ts';
import { barrierTo, describeResource, resourceExists } from '../resources/inventory.ts';
import type { Resource } from '../resources/resource.ts';
import type { World } from '../world.ts';

/** What would become of some resources, by their names in the order of the record. */
export interface Outlook {
  readonly removed: readonly string[];
  readonly kept: readonly string[];
}

/** Read-only. A folder that would still hold something counts as kept. */
export async function outlookOf(
  world: World,
  record: EnvironmentRecord,
  go: readonly Resource[],
): Promise<Outlook> {
  const gone = new Set<string>();
  const [removed, kept]: [string[], string[]] = [[], []];
  // newest first, as they are removed: what lies in a folder goes before it
  for (const resource of [...go].reverse()) {
    if (await stays(record, resource, gone)) {
      kept.unshift(...(await keptNames(record, resource)));
      continue;
    }
    if ('path' in resource) gone.add(resource.path);
    if (await isThere(world, resource)) removed.unshift(describeResource(resource));
  }
  return { removed, kept };
}

async function stays(
  { spec }: EnvironmentRecord,
  resource: Resource,
  gone: ReadonlySet<string>,
): Promise<boolean> {
  if (!('path' in resource)) return false;
  const { path } = resource;
  if ((await kindOf(path)) === 'link' || (await mountsIn(path)).length > 0) return true;
  if ((await barrierTo(resource, spec.installPath)) !== undefined) return true;
  if (resource.kind === 'file' && resource.tree === undefined) {
    const content = await readText(path);
    return content !== undefined && !resource.hashes.includes(hashOf(content));
  }
  if (resource.kind !== 'folder' || resource.own) return false;
  return (await listFolder(path)).some((name) => !gone.has(`${path}/${name}`));
}

/** What cannot be looked at, as its engine is down, is there for all we know. */
async function isThere(world: World, resource: Resource): Promise<boolean> {
  return resourceExists(world, resource).catch((error: unknown) => {
    if (error instanceof Failure) return true;
    throw error;
  });
}

/** What a person calls what stays. The folders above the install path may be shared with others: that is no news. */
export async function keptNames({ spec }: EnvironmentRecord, resource: Resource): Promise<string[]> {
  const { installPath } = spec;
  const name = describeResource(resource);
  if (!('path' in resource)) return [name];
  if (resource.kind === 'folder' && !`${resource.path}/`.startsWith(`${installPath}/`)) return [];
  const target = await linkTarget(resource.path);
  if (target !== undefined) return [`symbolic link ${resource.path} to ${target}`];
  const mounts = await mountsIn(resource.path);
  if (mounts.length > 0) return mounts.map((mount) => `mount point ${mount}`);
  const barrier = await barrierTo(resource, installPath);
  return [barrier === undefined ? name : `${name}, which lies behind ${barrier.path}`];
}
