// What steps are given, for tests of single steps: a sandboxed environment whose record is a list.
import { join } from 'node:path';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import { endpointsOf, stackOf } from '../../src/halfstack/stack.ts';
import type { Step } from '../../src/plan/step.ts';
import type { Resource } from '../../src/resources/resource.ts';
import type { Making } from '../../src/steps/making.ts';
import { sampleRecord } from '../environment/sample.ts';
import type { Sandbox } from '../rig/world.ts';

export type Change = (spec: EnvironmentRecord['spec']) => EnvironmentRecord['spec'];

/** An environment in the sandbox. No engine runs it: a step that asked one would fail. */
export function makingIn(box: Sandbox, change: Change = (spec) => spec): Making {
  const record = sampleRecord('sample', { installPath: join(box.folder, 'install') });
  const spec = change(record.spec);
  const { secrets } = record;
  const resources: Resource[] = [];
  return {
    world: box.world,
    spec,
    former: [],
    secrets,
    engine: undefined as unknown as Making['engine'],
    stack: stackOf(spec, secrets),
    endpoints: endpointsOf(spec, secrets),
    resources: () => resources,
  };
}

/** Does a step as the runner would, and enters what it makes; what is kept is not run. */
export async function perform(making: Making, step: Step<Resource>): Promise<'kept' | 'done'> {
  const known = making.resources() as Resource[];
  if (known.length > 0 && (await step.check?.()) === true) return 'kept';
  known.push(...(step.makes?.() ?? []));
  await step.run({ signal: making.world.signal, progress: () => undefined, summary: () => undefined });
  return 'done';
}
