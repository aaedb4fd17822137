// The live view as data: which group stands how, from the events of a run.
import type { Event, StepOutcome } from './events.ts';
import { machineSum, progress } from './words/events.ts';

interface LiveStep {
  readonly title: string;
  detail: string;
}

export interface Group {
  readonly name: string;
  /** Planned steps; grows where there is no plan. */
  total: number;
  readonly ended: StepOutcome[];
  readonly running: Map<string, LiveStep>;
  readonly words: string[];
  /** Titles of the steps that failed or were interrupted. */
  readonly broken: string[];
  /** Some step of it began, or was found done. */
  begun: boolean;
  /** Milliseconds in which something of it ran, before `since`. */
  busy: number;
  /** Something of it runs since then. */
  since?: number;
  /** Of a group without a plan, which ends when the run does: what was done last. */
  last?: string;
}

export interface Live {
  readonly groups: Map<string, Group>;
  /** When the first step began. */
  began?: number;
  expected?: number;
  planned: boolean;
  /** The prechecks run since then, or have said this. */
  machine?: { readonly began: number } | { readonly words: string; readonly seconds: number };
}

/** Nothing has happened yet. */
export const newLive = (): Live => ({ groups: new Map(), planned: false });

/** Enters an event. `now` in milliseconds of a clock that only goes forward. */
export function enter(live: Live, event: Event, now: number): void {
  switch (event.kind) {
    case 'environment':
      if (event.command === 'install') live.machine ??= { began: now };
      break;
    case 'prechecks':
      if (event.findings.some(({ severity }) => severity === 'blocker')) delete live.machine;
      else live.machine = { words: machineSum(event), seconds: event.seconds };
      break;
    case 'plan':
      // a removal is told as it goes
      if (event.steps.some(({ outlook }) => outlook === 'remove')) break;
      live.groups.clear();
      live.planned = true;
      if (event.seconds !== undefined && event.seconds > 0) live.expected = event.seconds;
      for (const { group } of event.steps) groupOf(live, group).total += 1;
      break;
    case 'step-started': {
      const group = groupOf(live, event.group);
      if (!live.planned) group.total = Math.max(group.total, group.ended.length + group.running.size + 1);
      live.began ??= now;
      group.begun = true;
      if (group.running.size === 0) group.since = now;
      group.running.set(event.step, { title: event.title, detail: '' });
      break;
    }
    case 'step-progress':
      for (const { running } of live.groups.values()) {
        const step = running.get(event.step);
        if (step !== undefined) step.detail = progress(event);
      }
      break;
    case 'step-ended': {
      const group = groupOf(live, event.group);
      group.running.delete(event.step);
      group.ended.push(event.outcome);
      if (event.outcome !== 'skipped') group.begun = true;
      if (group.running.size === 0 && group.since !== undefined) {
        group.busy += now - group.since;
        delete group.since;
      }
      if (event.summary !== undefined) group.words.push(event.summary);
      if (event.outcome === 'failed' || event.outcome === 'interrupted') {
        group.broken.push(`${event.title} ${event.outcome}`);
      }
      break;
    }
    case 'removal': {
      const group = groupOf(live, 'Removed');
      live.began ??= now;
      group.begun = true;
      group.since ??= now;
      group.last = event.resource;
      group.ended.push(event.outcome === 'failed' ? 'failed' : 'done');
      if (event.outcome === 'failed') group.broken.push(event.resource);
      break;
    }
    default:
      break;
  }
}

function groupOf({ groups }: Live, name: string): Group {
  const known = groups.get(name);
  if (known !== undefined) return known;
  const group: Group = {
    ...{ name, total: 0, begun: false, busy: 0 },
    ...{ ended: [], running: new Map(), words: [], broken: [] },
  };
  groups.set(name, group);
  return group;
}
