// A volume in a Docker engine.
import { findVolume, removeVolume } from '../docker/volumes.ts';
import { engineHandling } from './engine.ts';
import type { ResourceHandling } from './handling.ts';

export const volumeKind: ResourceHandling<'volume'> = engineHandling('volume', {
  find: findVolume,
  remove: removeVolume,
});
