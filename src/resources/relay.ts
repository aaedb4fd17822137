// What an agent keeps beside its process: the container that connects sessions with it, and its list of sessions.
import { findContainer, removeContainer } from '../docker/containers.ts';
import { kindOf, removeFile } from '../host/files.ts';
import { engineHandling } from './engine.ts';
import type { ResourceHandling } from './handling.ts';

/** Its name holds the hash of a path in our tree, so a container of that name is ours if Backend.AI made it. */
const container = engineHandling('container', {
  find: findContainer,
  remove: removeContainer,
  isOurs: (labels) => labels['ai.backend.system'] === '1',
});

/** The files go with the container: they are of use only to sessions that it connects. */
export const relayKind: ResourceHandling<'relay'> = {
  describe: (resource) => container.describe(resource),
  exists: async (world, resource) => {
    const kinds = await Promise.all(resource.files.map(kindOf));
    return kinds.some((kind) => kind !== undefined) || (await container.exists(world, resource));
  },
  remove: async (world, resource) => {
    const outcome = await container.remove(world, resource);
    const files = await Promise.all(resource.files.map(removeFile));
    return files.includes(true) ? 'removed' : outcome;
  },
};
