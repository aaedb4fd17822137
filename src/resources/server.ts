// A server of a native halfstack, as long as it runs; its data folder is a resource of its own.
import { findServer, stopServer, type ServerPlace } from '../halfstack/native/running.ts';
import type { ResourceHandling } from './handling.ts';
import type { ResourceOf } from './resource.ts';

export const serverKind: ResourceHandling<'server'> = {
  describe: ({ name, path }) => `server ${name} in ${path}`,
  exists: async (_world, resource) => (await findServer(placeOf(resource))) !== undefined,
  remove: async (_world, resource) => ((await stopServer(placeOf(resource))) ? 'removed' : 'absent'),
};

const placeOf = ({ name, path, program }: ResourceOf<'server'>): ServerPlace => ({
  role: name,
  data: path,
  program,
});
