// A container in a Docker engine.
import { findContainer, removeContainer } from '../docker/containers.ts';
import { engineHandling } from './engine.ts';
import type { ResourceHandling } from './handling.ts';

export const containerKind: ResourceHandling<'container'> = engineHandling('container', {
  find: findContainer,
  remove: removeContainer,
});
