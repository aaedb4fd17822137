// The list of kinds: whoever holds a resource of any kind asks here how to name, find or remove it.
import type { EnvironmentRecord } from '../environment/record.ts';
import { barrierBetween, type Barrier } from '../host/barrier.ts';
import type { World } from '../world.ts';
import { containerKind } from './container.ts';
import { fileKind } from './file.ts';
import { folderKind } from './folder.ts';
import type { Removal, ResourceHandling } from './handling.ts';
import { leaseKind } from './lease.ts';
import { networkKind } from './network.ts';
import { assertOwnPlace } from './places.ts';
import { processKind } from './process.ts';
import { relayKind } from './relay.ts';
import type { Resource, ResourceKind } from './resource.ts';
import { serverKind } from './server.ts';
import { treeKind } from './tree.ts';
import { virtualenvKind } from './virtualenv.ts';
import { volumeKind } from './volume.ts';

const kinds: { readonly [K in ResourceKind]: ResourceHandling<K> } = {
  folder: folderKind,
  file: fileKind,
  tree: treeKind,
  virtualenv: virtualenvKind,
  container: containerKind,
  volume: volumeKind,
  network: networkKind,
  lease: leaseKind,
  process: processKind,
  relay: relayKind,
  server: serverKind,
};

/** What a person calls it. */
export function describeResource(resource: Resource): string {
  return handling(resource).describe(resource);
}

/** Only looks. */
export function resourceExists(world: World, resource: Resource): Promise<boolean> {
  return handling(resource).exists(world, resource);
}

/** Removes it if it is provably bai-dev's; idempotent. Throws a Failure when it cannot be removed. */
export function removeResource(world: World, resource: Resource): Promise<Removal> {
  return handling(resource).remove(world, resource);
}

/**
 * The same for what a record names: first its place is checked, as a record may have been edited or copied. Throws
 * `BAI-CONFLICT-OWNER` for what is not at a place of the environment. What lies behind a symbolic link or a mount point
 * below the install path is kept.
 */
export async function removeRecorded(
  world: World,
  record: Pick<EnvironmentRecord, 'spec' | 'marks'>,
  resource: Resource,
): Promise<Removal> {
  if ((await barrierTo(resource, record.spec.installPath)) !== undefined) return 'kept';
  await assertOwnPlace(world.host, record, resource);
  return removeResource(world, resource);
}

/** The link or mount point below the install path behind which a resource lies; undefined if it lies behind none. */
export async function barrierTo(resource: Resource, installPath: string): Promise<Barrier | undefined> {
  if (!('path' in resource)) return undefined;
  const barrier = await barrierBetween(installPath, resource.path);
  return barrier?.path === resource.path ? undefined : barrier;
}

/** A resource's own kind always fits its handling; the type system cannot follow that through a table. */
function handling(resource: Resource): ResourceHandling<ResourceKind> {
  return kinds[resource.kind] as unknown as ResourceHandling<ResourceKind>;
}
