// The plan as it is shown before it is agreed to, and after a dry run.
import type { PlannedStep } from '../events.ts';
import { table } from '../layout.ts';
import { bytes, count, duration, type Look } from '../style.ts';

/** One line a group, then what it costs. */
export function planScreen(steps: readonly PlannedStep[], { paint, marks }: Look): string[] {
  const groups = [...new Set(steps.map(({ group }) => group))];
  const rows = groups.map((group) => {
    const members = steps.filter((step) => step.group === group);
    const made = members.filter(({ outlook }) => outlook === 'make');
    if (made.length === 0) return ['', paint('faint', group), '', paint('faint', 'kept')];
    const kept = members.length - made.length;
    return [
      '',
      group,
      made.map(({ title }) => title).join(` ${marks.dot} `),
      kept > 0 ? paint('faint', `${kept} kept`) : '',
    ];
  });
  return [...table(rows), '', `  ${planSum(steps)}`];
}

/** `24 steps, about 2:10, 1.2 GB to download` */
export function planSum(steps: readonly PlannedStep[]): string {
  const made = steps.filter(({ outlook }) => outlook === 'make');
  if (made.length === 0) return 'Nothing is left to do.';
  const total = (of: (step: PlannedStep) => number | undefined): number =>
    made.reduce((sum, step) => sum + (of(step) ?? 0), 0);
  const seconds = total((step) => step.seconds);
  const download = total((step) => step.bytes);
  return [
    count(made.length, 'step'),
    ...(seconds > 0 ? [`about ${duration(seconds)}`] : []),
    ...(download > 0 ? [`at most ${bytes(download)} to download`] : []),
  ].join(', ');
}
