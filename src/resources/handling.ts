// What bai-dev can do with a resource of any kind: one file a kind keeps this contract.
import type { World } from '../world.ts';
import type { ResourceKind, ResourceOf } from './resource.ts';

/** `kept`: it is there and stays, because something of the user's is in it. */
export type Removal = 'removed' | 'absent' | 'kept';

export interface ResourceHandling<K extends ResourceKind> {
  /** What a person calls it, e.g. `container dev2109-backendai-half-db-1`. */
  describe(resource: ResourceOf<K>): string;
  /** Only looks. */
  exists(world: World, resource: ResourceOf<K>): Promise<boolean>;
  /**
   * Removes it if it is provably ours; twice is once. Throws a Failure when it is there and cannot be removed,
   * or is not ours.
   */
  remove(world: World, resource: ResourceOf<K>): Promise<Removal>;
}
