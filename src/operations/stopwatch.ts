// How long a command worked: the time in which it waited for a person does not count.
import type { Ask, World } from '../world.ts';

export interface Stopwatch {
  /** The same world, whose questions are noticed. */
  readonly world: World;
  /** Seconds since the start, without those of questions. */
  readonly seconds: () => number;
}

/** Runs from now on. `clock` gives milliseconds and only goes forward. */
export function stopwatch(world: World, clock = (): number => performance.now()): Stopwatch {
  const began = clock();
  let waited = 0;
  const timed = async <T>(question: () => Promise<T>): Promise<T> => {
    const asked = clock();
    try {
      return await question();
    } finally {
      waited += clock() - asked;
    }
  };
  const { ask } = world;
  const timedAsk: Ask = {
    available: ask.available,
    text: (question) => timed(() => ask.text(question)),
    choose: (question) => timed(() => ask.choose(question)),
    confirm: (question) => timed(() => ask.confirm(question)),
    secret: (question) => timed(() => ask.secret(question)),
  };
  return { world: { ...world, ask: timedAsk }, seconds: () => (clock() - began - waited) / 1000 };
}
