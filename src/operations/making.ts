// From a record to the means of making it: the engine, the stack and the whole list of steps.
import type { EnvironmentRecord } from '../environment/record.ts';
import { dockerEngine } from '../halfstack/docker/engine.ts';
import { nativeEngine } from '../halfstack/native/engine.ts';
import { restoringEngine } from '../halfstack/restoring.ts';
import { endpointsOf, stackOf } from '../halfstack/stack.ts';
import type { Step } from '../plan/step.ts';
import type { Resource } from '../resources/resource.ts';
import type { Making } from '../steps/making.ts';
import { installSteps } from '../steps/plan.ts';
import type { World } from '../world.ts';

/**
 * What the step factories need; `record` is read live, so that a step sees what others entered before it. `adopt`: data
 * without bai-dev's mark are kept as they are, and marked.
 */
export function makingOf(
  world: World,
  record: EnvironmentRecord,
  { adopt = false }: { readonly adopt?: boolean } = {},
): Making {
  const { spec, secrets } = record;
  return {
    world,
    spec,
    former: record.former ?? [],
    secrets,
    engine: restoringEngine(
      world,
      spec.engine === 'native' ? nativeEngine(world, spec) : dockerEngine(world, spec.engineAddress),
    ),
    stack: stackOf(spec, secrets),
    endpoints: endpointsOf(spec, secrets),
    resources: () => record.resources,
    wasBegun: (step) => record.marks[step] !== undefined,
    adopt,
  };
}

/** The whole plan of an environment, in order. */
export function stepsOfRecord(
  world: World,
  record: EnvironmentRecord,
  wish: { readonly adopt?: boolean } = {},
): readonly Step<Resource>[] {
  return installSteps(makingOf(world, record, wish));
}
