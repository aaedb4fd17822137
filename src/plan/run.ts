// Runs a list of steps: concurrently, each once, entered in a journal; the list itself is a valid order.
import { createHash } from 'node:crypto';
import type { Event, StepOutcome } from '../report/events.ts';
import type { Journal, Limit, Step, StepControl } from './step.ts';

/** Steps of one kind that may run at a time. */
export type Pools = Readonly<Record<Limit, number>>;

export interface Run<R> {
  readonly steps: readonly Step<R>[];
  readonly journal: Journal<R>;
  readonly pools: Pools;
  readonly signal: AbortSignal;
  readonly emit: (event: Event) => void;
  /** Puts what a step made onto the disk; called before it is entered as done. */
  readonly settle?: (made: readonly R[]) => Promise<void>;
  /** Milliseconds of some clock that only goes forward. */
  readonly clock: () => number;
}

/** The step that ended a run early, and its error. */
export interface StepFailure<R> {
  readonly step: Step<R>;
  readonly error: unknown;
}

/** What became of every step, by ID; `failure` is the first that failed. */
export interface RunResult<R> {
  readonly outcomes: ReadonlyMap<string, StepOutcome>;
  readonly failure?: StepFailure<R>;
}

/** SHA-256 of the step's inputs: if it changes, an old "done" no longer counts. */
export function fingerprint(inputs: unknown): string {
  return createHash('sha256').update(canonical(inputs)).digest('hex').slice(0, 32);
}

/** True if the journal says that the step is done with these very inputs and reality agrees. Touches nothing. */
export async function isKept<R>(step: Step<R>, journal: Pick<Journal<R>, 'mark'>): Promise<boolean> {
  const mark = journal.mark(step.id);
  if (mark?.state !== 'done' || mark.fingerprint !== fingerprint(step.inputs)) return false;
  return step.check === undefined || (await step.check());
}

/**
 * Runs every step that is not kept. After a failure nothing new begins, but what runs may end, so that the
 * next run finds it done. Never throws for a step: the first failure is part of the result.
 */
export async function runSteps<R>(run: Run<R>): Promise<RunResult<R>> {
  const outcomes = new Map<string, StepOutcome>();
  const active = new Map<string, Promise<void>>();
  const waiting = [...run.steps];
  const used: Record<Limit, number> = { network: 0, cpu: 0, disk: 0 };
  let failure: StepFailure<R> | undefined;
  assertOrder(run.steps);

  const ready = (step: Step<R>): boolean =>
    (step.after ?? []).every((id) => outcomes.has(id)) &&
    (step.limit === undefined || used[step.limit] < run.pools[step.limit]);

  while (waiting.length > 0 || active.size > 0) {
    for (let at = 0; at < waiting.length && failure === undefined && !run.signal.aborted;) {
      const step = waiting[at];
      if (step === undefined || !ready(step)) {
        at += 1;
        continue;
      }
      waiting.splice(at, 1);
      if (step.limit !== undefined) used[step.limit] += 1;
      const ended = runStep(step, run).then(({ outcome, error }) => {
        if (step.limit !== undefined) used[step.limit] -= 1;
        outcomes.set(step.id, outcome);
        active.delete(step.id);
        if (outcome === 'failed' || outcome === 'interrupted') failure ??= { step, error };
      });
      active.set(step.id, ended);
    }
    if (active.size === 0) break;
    await Promise.race(active.values());
  }

  for (const step of waiting) {
    outcomes.set(step.id, 'skipped');
    run.emit({
      kind: 'step-ended',
      step: step.id,
      title: step.title,
      group: step.group,
      outcome: 'skipped',
      seconds: 0,
    });
  }
  return failure === undefined ? { outcomes } : { outcomes, failure };
}

async function runStep<R>(step: Step<R>, run: Run<R>): Promise<{ outcome: StepOutcome; error?: unknown }> {
  const began = run.clock();
  const named = { step: step.id, title: step.title, group: step.group };
  let summary: string | undefined;
  const control: StepControl = {
    signal: run.signal,
    progress: (detail, count) => run.emit({ kind: 'step-progress', step: step.id, detail, ...count }),
    summary: (words) => (summary = words),
  };
  const end = (outcome: StepOutcome, error?: unknown): { outcome: StepOutcome; error?: unknown } => {
    run.emit({
      kind: 'step-ended',
      ...named,
      outcome,
      seconds: (run.clock() - began) / 1000,
      ...(summary === undefined ? {} : { summary }),
      ...(error instanceof Error ? { reason: error.message } : {}),
    });
    return error === undefined ? { outcome } : { outcome, error };
  };
  try {
    if (await isKept(step, run.journal)) return end('kept');
    run.emit({ kind: 'step-started', ...named });
    const print = fingerprint(step.inputs);
    const made = step.makes?.() ?? [];
    await run.journal.started(step.id, made, print);
    await step.run(control);
    await run.settle?.(made);
    await run.journal.done(step.id, print);
    return end('done');
  } catch (error) {
    return end(run.signal.aborted ? 'interrupted' : 'failed', error ?? new Error('unknown'));
  }
}

/** `after` may only name steps above: so the list is a valid order and a cycle cannot be written. */
function assertOrder<R>(steps: readonly Step<R>[]): void {
  const seen = new Set<string>();
  for (const step of steps) {
    for (const id of step.after ?? []) {
      if (!seen.has(id)) throw new Error(`step ${step.id} waits for ${id}, which is not above it`);
    }
    if (seen.has(step.id)) throw new Error(`two steps are called ${step.id}`);
    seen.add(step.id);
  }
}

/** JSON with sorted keys, so that equal inputs have equal text. */
function canonical(value: unknown): string {
  const sorted = (_key: string, part: unknown): unknown =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return JSON.stringify([value], sorted);
}
