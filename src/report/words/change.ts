// What a change is about, as it is shown before it is agreed to.
import type { Difference, Event } from '../events.ts';

/** Each difference with what it means, then what stops and what goes. */
export function changeLines({ differences, stops, removes }: Extract<Event, { kind: 'change' }>): string[] {
  return [
    ...differenceLines(differences),
    ...(stops.length === 0 ? [] : [`stopped meanwhile, then started again: ${stops.join(', ')}`]),
    ...removes.map((name) => `removed: ${name}`),
  ];
}

export const differenceLines = (differences: readonly Difference[]): string[] =>
  differences.flatMap(({ what, is, wish, means }) => [`change ${what}: ${is} to ${wish}`, `  ${means}`]);
