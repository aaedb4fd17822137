// PostgreSQL, Redis and etcd: their images, the file that shows them to people, and the running servers.
import { containerName, networkName, volumeName } from '../environment/names.ts';
import { composeText } from '../halfstack/compose.ts';
import type { Step } from '../plan/step.ts';
import { servicesOf } from '../release/release.ts';
import type { Resource } from '../resources/resource.ts';
import { generatedStep } from './generated.ts';
import type { Making } from './making.ts';

const group = 'Halfstack';

/** Seconds that three servers take to their first answer; only for the estimate. */
const upSeconds = 6;

export function halfstackSteps(making: Making): Step<Resource>[] {
  const { engine, stack } = making;
  return [
    {
      id: 'halfstack:images',
      title: 'Images',
      group,
      limit: 'network',
      cost: {
        bytes: servicesOf(making.spec.release).reduce((bytes, { service }) => bytes + service.bytes, 0),
      },
      inputs: stack.services.map(({ image }) => image),
      check: () => engine.prepared(stack),
      run: (control) => engine.prepare(stack, control),
    },
    generatedStep(making, {
      id: 'halfstack:compose',
      title: 'Compose file',
      group,
      after: ['folders:install'],
      files: [{ path: stack.composeFile, content: composeText(stack), mode: 0o600 }],
    }),
    {
      id: 'halfstack:up',
      title: 'Servers',
      group,
      after: ['halfstack:images', 'halfstack:compose'],
      cost: { seconds: upSeconds },
      inputs: { network: stack.network, services: stack.services, engine: making.spec.engineAddress },
      makes: () => engineResources(making),
      check: async () => (await engine.status(stack)).every(({ state }) => state === 'healthy'),
      run: (control) => engine.up(stack, control),
    },
  ];
}

/** In the order in which they are made: removed the other way round, containers leave volumes and network free. */
function engineResources({ stack, spec }: Making): readonly Resource[] {
  const engine = spec.engineAddress;
  const volumes = stack.services.flatMap(({ volume }) => (volume === undefined ? [] : [volume.name]));
  return [
    { kind: 'network', name: networkName(stack.project, stack.network), engine },
    ...volumes.map(
      (volume) => ({ kind: 'volume', name: volumeName(stack.project, volume), engine }) as const,
    ),
    ...stack.services.map(
      ({ name }) => ({ kind: 'container', name: containerName(stack.project, name), engine }) as const,
    ),
  ];
}
