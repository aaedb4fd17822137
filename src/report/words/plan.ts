// The plan as it is shown before it is agreed to, and after a dry run.
import type { ResourceKind } from '../../resources/resource.ts';
import type { Unavailable } from '../../prechecks/agent.ts';
import type { PlanFact, PlannedStep } from '../events.ts';
import { flow, pad, widthOf, wrap } from '../layout.ts';
import { bytes, count, duration, tilde, type Look } from '../style.ts';

/** What one and many of a kind are called where only their number is told. */
const kinds: Readonly<Record<ResourceKind, readonly [one: string, many: string]>> = {
  tree: ['source tree', 'source trees'],
  virtualenv: ['virtualenv', 'virtualenvs'],
  container: ['container', 'containers'],
  volume: ['volume with its data', 'volumes with their data'],
  network: ['network', 'networks'],
  server: ['server with its data', 'servers with their data'],
  relay: ['relay container', 'relay containers'],
  process: ['process', 'processes'],
  file: ['generated file', 'generated files'],
  folder: ['folder', 'folders'],
  lease: ['block of ports', 'blocks of ports'],
};

/** What was decided; then each group, what is made in it and how much of it is kept; then what it costs. */
export function planScreen(
  steps: readonly PlannedStep[],
  look: Look,
  facts: readonly PlanFact[] = [],
): string[] {
  if (steps.some(({ outlook }) => outlook === 'remove')) return removalScreen(steps);
  const groups = [...new Set(steps.map(({ group }) => group))];
  const column = Math.max(...[...groups, ...facts.map(({ what }) => what)].map(widthOf)) + 4;
  const lines = groups.flatMap((group) => {
    const members = steps.filter((step) => step.group === group);
    const words = flow(groupWords(members), ` ${look.marks.dot} `, Math.max(look.width - 1 - column, 10));
    const kept = members.every(({ outlook }) => outlook === 'keep');
    return words
      .map((line, at) => pad(at === 0 ? `  ${group}` : '', column) + line)
      .map((line) => (kept ? look.paint('faint', line) : line));
  });
  const decided = factLines(facts, look, column);
  return [...decided, ...(decided.length === 0 ? [] : ['']), ...lines, '', `  ${planSum(steps)}`];
}

/** `Python  3.9.18  ~/.pyenv/versions/3.9.18/bin/python` */
function factLines(facts: readonly PlanFact[], look: Look, column: number): string[] {
  return facts.flatMap(({ what, is, path }) => {
    const words = [is, path === undefined ? '' : tilde(path, look.home)].filter(Boolean).join('  ');
    return wrap(words, Math.max(look.width - 1 - column, 10)).map(
      (line, at) => pad(at === 0 ? `  ${what}` : '', column) + line,
    );
  });
}

/** `agent cannot run: this user may not use Docker` */
export const unavailableWords = ({ daemons, reason }: Unavailable): string =>
  `${daemons.join(', ')} cannot run: ${reason}`;

/** Kinds and their numbers: what is of worth first. */
function removalScreen(steps: readonly PlannedStep[]): string[] {
  return (Object.keys(kinds) as ResourceKind[]).flatMap((kind) => {
    const amount = steps.filter(({ group }) => group === kind).length;
    return amount === 0 ? [] : [`  ${String(amount).padStart(3)}  ${kinds[kind][amount === 1 ? 0 : 1]}`];
  });
}

function groupWords(members: readonly PlannedStep[]): string[] {
  const made = members.filter(({ outlook }) => outlook === 'make').map(({ title }) => title);
  const kept = members.length - made.length;
  if (made.length === 0) return ['kept'];
  return kept === 0 ? made : [...made, `${kept} kept`];
}

/** `24 steps, about 2:10, 1.2 GB to download` */
export function planSum(steps: readonly PlannedStep[]): string {
  const removed = steps.filter(({ outlook }) => outlook === 'remove').length;
  if (removed > 0) return `${count(removed, 'thing')} to remove`;
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
