// Seed and time of the fuzzers, in one place: `BAI_DEV_FUZZ_SECONDS=3600 npx vitest run --config .tooling/vitest.config.ts fuzz`
// runs all of them for an hour each.
import fc from 'fast-check';

/** Seconds that one property may take; a few in CI, as many as wanted by hand. */
const seconds = Number(process.env['BAI_DEV_FUZZ_SECONDS'] ?? 2);

/** The same inputs in every run, unless another seed is given. */
export const seed = Number(process.env['BAI_DEV_FUZZ_SEED'] ?? 20_210_901);

/** Cases that one property tries in CI, if there is time. */
const cases = 400;

/** Milliseconds: the limit of a test that checks one property. */
export const fuzzTimeout = seconds * 1000 + 30_000;

/**
 * Checks a property with the fixed seed until the time is up or, without a time of its own, `cases` inputs were tried.
 * Prints the number of inputs when a time is given.
 */
export async function fuzz<T>(
  name: string,
  inputs: fc.Arbitrary<T>,
  check: (input: T) => void | Promise<void>,
): Promise<void> {
  const byHand = process.env['BAI_DEV_FUZZ_SECONDS'] !== undefined;
  let count = 0;
  await fc.assert(
    fc.asyncProperty(inputs, async (input) => {
      count += 1;
      await check(input);
    }),
    {
      seed,
      numRuns: byHand ? 1_000_000_000 : cases,
      interruptAfterTimeLimit: seconds * 1000,
      markInterruptAsFailure: false,
    },
  );
  if (byHand) process.stdout.write(`fuzz ${name}: ${count} inputs, seed ${seed}\n`);
}

/** Numbers from 0 to 1, the same ones for the same seed. */
export function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
