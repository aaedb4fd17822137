// The plan as it is shown before it is agreed to, and after a dry run.
import type { PlannedStep } from '../events.ts';
import { flow, pad, widthOf } from '../layout.ts';
import { bytes, count, duration, type Look } from '../style.ts';

/** A group, what is made in it and how much of it is kept; then what it costs. */
export function planScreen(steps: readonly PlannedStep[], look: Look): string[] {
  const groups = [...new Set(steps.map(({ group }) => group))];
  const column = Math.max(...groups.map(widthOf)) + 4;
  const lines = groups.flatMap((group) => {
    const members = steps.filter((step) => step.group === group);
    const words = flow(groupWords(members), ` ${look.marks.dot} `, Math.max(look.width - 1 - column, 10));
    const kept = members.every(({ outlook }) => outlook === 'keep');
    return words
      .map((line, at) => pad(at === 0 ? `  ${group}` : '', column) + line)
      .map((line) => (kept ? look.paint('faint', line) : line));
  });
  return [...lines, '', `  ${planSum(steps)}`];
}

function groupWords(members: readonly PlannedStep[]): string[] {
  const made = members.filter(({ outlook }) => outlook === 'make').map(({ title }) => title);
  const kept = members.length - made.length;
  if (made.length === 0) return ['kept'];
  return kept === 0 ? made : [...made, `${kept} kept`];
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
