// Only work counts.
import { expect, test } from 'vitest';
import { stopwatch } from '../../src/operations/stopwatch.ts';
import type { World } from '../../src/world.ts';

test('the time of a question does not count', async () => {
  let now = 1000;
  const confirm = () => {
    now += 60_000;
    return Promise.resolve(true);
  };
  const watch = stopwatch({ ask: { available: true, confirm } } as unknown as World, () => now);
  now += 2000;
  expect(await watch.world.ask.confirm({ message: '?', initial: true })).toBe(true);
  now += 3000;
  expect(watch.seconds()).toBe(5);
});
