// Steps that leave no marks: what runs is asked of the machine each time, never remembered.
import { Failure } from '../failure.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { sourceWord } from '../environment/spec.ts';
import { fingerprint, runSteps } from '../plan/run.ts';
import type { Journal, Step } from '../plan/step.ts';
import type { StepOutcome } from '../report/events.ts';
import type { Resource } from '../resources/resource.ts';
import type { World } from '../world.ts';

/** Says which environment a command works on. */
export function announce(world: World, { spec }: EnvironmentRecord, command: string): void {
  world.report.emit({
    kind: 'environment',
    command,
    id: spec.id,
    title: spec.release.title,
    engine: spec.engine,
    source: sourceWord(Object.values(spec.trees)),
    path: spec.installPath,
  });
}

/**
 * Runs steps of which only their checks decide whether there is anything to do. Throws what the first that failed
 * met, with its place, and the signal's own reason when interrupted.
 */
export async function walkUnrecorded(
  world: World,
  steps: readonly Step<Resource>[],
): Promise<ReadonlyMap<string, StepOutcome>> {
  const { outcomes, failure } = await runSteps({
    // without a check a step is believed by its mark, and there are none
    steps: steps.map((step) => ({ check: () => Promise.resolve(false), ...step })),
    journal: unwritten,
    pools: { network: 1, cpu: 1, disk: 1 }, // these steps name no pool
    signal: world.signal,
    emit: (event) => world.report.emit(event),
    clock: () => performance.now(),
  });
  world.signal.throwIfAborted();
  if (failure === undefined) return outcomes;
  const { step, error } = failure;
  if (!(error instanceof Failure)) throw error;
  throw new Failure(error.code, error.message, {
    ...error.more,
    cause: error,
    step: { id: step.id, title: step.title, group: step.group },
  });
}

const unwritten: Journal<Resource> = {
  mark: () => ({ state: 'done', fingerprint: fingerprint(undefined), at: '' }),
  started: () => Promise.resolve(),
  done: () => Promise.resolve(),
};
