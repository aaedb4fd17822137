// The whole of an installation, in order: reads as the story of what is made.
import type { Step } from '../plan/step.ts';
import type { Resource } from '../resources/resource.ts';
import { clientSteps } from './client.ts';
import { configureSteps } from './configure.ts';
import { databaseSteps } from './database.ts';
import { etcdSteps } from './etcd.ts';
import { folderSteps } from './folders.ts';
import { halfstackSteps } from './halfstack.ts';
import { kernelSteps } from './kernels.ts';
import type { Making } from './making.ts';
import { sourceSteps } from './sources.ts';
import { virtualenvSteps } from './virtualenvs.ts';

/** Every step of an environment; computed from the spec alone, so that each run sees the same list. */
export function installSteps(making: Making): readonly Step<Resource>[] {
  return [
    ...folderSteps(making),
    ...halfstackSteps(making),
    ...sourceSteps(making),
    ...virtualenvSteps(making),
    ...configureSteps(making),
    ...etcdSteps(making),
    ...kernelSteps(making),
    ...databaseSteps(making),
    ...clientSteps(making),
  ];
}
