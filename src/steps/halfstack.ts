// PostgreSQL, Redis and etcd: their images, the file that shows them to people, and the running servers.
import { composeText } from '../halfstack/compose.ts';
import type { Step } from '../plan/step.ts';
import type { Resource } from '../resources/resource.ts';
import { generatedStep } from './generated.ts';
import type { Making } from './making.ts';

const group = 'Halfstack';

/** Seconds that three servers take to their first answer; only for the estimate. */
const upSeconds = 6;

/** The compose file shows containers: a native halfstack has none. */
export function halfstackSteps(making: Making): Step<Resource>[] {
  const { engine, stack, spec, world } = making;
  const compose =
    engine.name === 'native'
      ? undefined
      : generatedStep(making, {
          id: 'halfstack:compose',
          title: 'Compose file',
          group,
          after: ['folders:install'],
          files: [{ path: stack.composeFile, content: composeText(stack, world.host.owner), mode: 0o600 }],
        });
  return [
    programsStep(making),
    ...(compose === undefined ? [] : [compose]),
    {
      id: 'halfstack:up',
      title: 'Servers',
      group,
      after: ['halfstack:images', ...(compose === undefined ? [] : [compose.id])],
      cost: { seconds: upSeconds },
      inputs: {
        network: stack.network,
        services: stack.services,
        engine: spec.engineAddress,
        ...(spec.servers === undefined ? {} : { servers: spec.servers }),
      },
      makes: () => engine.resources(stack),
      check: async () => (await engine.status(stack)).every(({ state }) => state === 'healthy'),
      run: (control) => engine.up(stack, control),
    },
  ];
}

function programsStep({ engine, stack }: Making): Step<Resource> {
  const { names, bytes } = engine.downloads(stack);
  return {
    id: 'halfstack:images',
    title: engine.name === 'native' ? 'Server programs' : 'Images',
    group,
    limit: 'network',
    cost: { bytes },
    inputs: names,
    check: () => engine.prepared(stack),
    run: (control) => engine.prepare(stack, control),
  };
}
