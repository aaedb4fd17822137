// A line of the bench's table, and the clock that fills it.

export interface Row {
  readonly what: string;
  /** Seconds. */
  readonly ours: number;
  /** What was measured beside it, in the same run. */
  readonly theirs?: { readonly name: string; readonly seconds: number };
  /** What is aimed at, in words. */
  readonly wanted: string;
}

/** Seconds that some work took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** The middle of several figures: one slow run does not move it. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Runs two things in turn, A B A B …, so that a machine whose speed drifts is fair to both; medians. */
export async function inTurn(
  runs: number,
  [a, b]: readonly [() => Promise<unknown>, () => Promise<unknown>],
): Promise<readonly [number, number]> {
  const figures: [number[], number[]] = [[], []];
  await a();
  await b();
  for (let run = 0; run < runs; run += 1) {
    figures[0].push(await timed(a));
    figures[1].push(await timed(b));
  }
  return [median(figures[0]), median(figures[1])];
}
