// The kill matrix of a change: there and back between two states of one environment, killed on the way; each time it
// goes on to the same end as an undisturbed change.
import { expect } from 'vitest';
import { difference, type Snapshot } from '../rig/inventory.ts';
import type { Ended } from '../rig/program.ts';
import { endState, recordOf } from '../rig/state.ts';
import type { RealRelease } from './environment.ts';

const points = ['started', 'child', 'effect'] as const;

export interface ChangeMatrix {
  readonly release: RealRelease;
  readonly id: string;
  /** What is said to change it, and to change it back. */
  readonly there: readonly string[];
  readonly back: readonly string[];
  /** Which of the steps that are due are to be killed. */
  readonly chosen: (due: readonly string[]) => readonly string[];
}

/** Kills each chosen step at all its points. One that the change does beside another has its turn in a later round. */
export async function killChanges({ release, id, there, back, chosen }: ChangeMatrix): Promise<void> {
  const change = (words: readonly string[], ...more: readonly string[]): readonly string[] => [
    ...['install', '-e', id, '--change', '--yes', '--no-snapshot', ...words, ...more],
  ];
  const done = async (args: readonly string[]): Promise<Ended> => {
    const ended = await release.run(args);
    expect(ended.exit, ended.stdout.slice(-4000) + ended.stderr).toBe(0);
    return ended;
  };
  /** Also of a change that was cut off: the same words go on with it. */
  const due = async (words: readonly string[]): Promise<readonly string[]> => {
    const { envelope } = await done(change(words, '--dry-run'));
    const plan = (envelope?.result?.['plan'] ?? []) as readonly { id: string; outlook: string }[];
    return plan.filter(({ outlook }) => outlook === 'make').map((step) => step.id);
  };
  const state = (): Snapshot => endState(release.home, id);

  // undisturbed, there and back: a step that only changes have leaves its mark the first time
  const left = new Set<string>();
  const sides: { words: readonly string[]; calm: Snapshot }[] = [];
  for (const words of [there, back]) {
    for (const step of chosen(await due(words))) left.add(step);
    await done(change(words));
    sides.push({ words, calm: state() });
  }
  expect(left.size).toBeGreaterThan(0);

  for (let round = 0; left.size > 0; round += 1) {
    const { words, calm } = sides[round % 2]!;
    const sizeBefore = left.size;
    for (;;) {
      const step = (await due(words)).find((one) => left.has(one));
      if (step === undefined) break;
      for (const point of points) {
        const killed = await release.run(change(words), { kill: `${step}:${point}`, limit: 300 });
        expect(killed.signal, `${step}:${point}: ${killed.stdout.slice(-2000)}`).toBe('SIGKILL');
        expect(recordOf(release.home, id)?.phase).toBe('installing');
      }
      left.delete(step);
      process.stderr.write(`survived at three points in round ${round}: ${step}\n`);
    }
    // either way of going on
    await done(round % 4 < 2 ? change(words) : ['install', '-e', id]);
    expect(recordOf(release.home, id)).toMatchObject({ phase: 'ready' });
    expect(recordOf(release.home, id)).not.toHaveProperty('former');
    expect(difference(calm, state()), `round ${round}`).toEqual([]);
    if (round > 1 && left.size === sizeBefore) break;
  }
  expect([...left]).toEqual([]);
}
