// Walks a plan and turns the end of a run into what a person should be told.
import { statePaths } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { Failure } from '../failure.ts';
import { flush } from '../host/flush.ts';
import { runSteps, type Pools } from '../plan/run.ts';
import type { Journal, Step } from '../plan/step.ts';
import { pathsOf, type Resource } from '../resources/resource.ts';
import type { World } from '../world.ts';

export interface Walk {
  readonly record: EnvironmentRecord;
  readonly steps: readonly Step<Resource>[];
  readonly journal: Journal<Resource>;
}

/**
 * Runs the steps. Throws the failure of the first that failed, naming the step, the log and the command that
 * continues; the signal's own failure when the run was interrupted.
 */
export async function walk(world: World, { record, steps, journal }: Walk): Promise<void> {
  const { failure } = await runSteps({
    steps,
    journal,
    pools: pools(world),
    signal: world.signal,
    emit: (event) => world.report.emit(event),
    settle: (made) => flush(made.flatMap(pathsOf), { shallow: true }),
    clock: () => performance.now(),
  });
  world.signal.throwIfAborted();
  if (failure === undefined) return;
  const { step, error } = failure;
  if (!(error instanceof Failure)) throw error;
  const { id } = record.spec;
  throw new Failure(error.code, error.message, {
    ...error.more,
    cause: error,
    step: { id: step.id, title: step.title, group: step.group },
    log: statePaths(world.host, id).log,
    next: [
      ...(error.more.next ?? []),
      // the same command would be refused again
      ...(error.code === 'BAI-CONFLICT-DATA'
        ? []
        : [{ purpose: 'continue', command: `bai-dev install -e ${id}`, keeps: 'how' as const }]),
    ],
  });
}

/** Downloads wait for others, so many may; what computes shares the processors. */
function pools({ host }: World): Pools {
  return { network: 6, cpu: Math.max(2, host.cpus), disk: 4 };
}
