// A network in a Docker engine.
import { findNetwork, removeNetwork } from '../docker/networks.ts';
import { engineHandling } from './engine.ts';
import type { ResourceHandling } from './handling.ts';

export const networkKind: ResourceHandling<'network'> = engineHandling('network', {
  find: findNetwork,
  remove: removeNetwork,
});
