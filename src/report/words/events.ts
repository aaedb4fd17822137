// One plain line (or none, or a few) for each event: for pipes, for the log, and for --verbose.
import type { Event } from '../events.ts';
import { quoted } from '../../quoted.ts';
import { duration, tilde, type Look } from '../style.ts';
import { findingLines } from './findings.ts';
import { changeLines } from './change.ts';
import { planSum } from './plan.ts';

export type EventOf<K extends Event['kind']> = Extract<Event, { kind: K }>;

/** `all` tells also what only a log or --verbose wants. */
export function eventLines(event: Event, look: Look, all: boolean): string[] {
  const { home } = look;
  switch (event.kind) {
    case 'environment':
      return [
        headline(event, look),
        ...(event.random === true ? [`${event.id} is a name made up for this run.`] : []),
      ];
    case 'note':
      return [event.severity === 'warning' ? `warning: ${event.message}` : event.message];
    case 'change':
      return changeLines(event);
    case 'prechecks': {
      const told = event.findings.filter(
        ({ severity }) => all || severity === 'warning' || severity === 'blocker',
      );
      return [`machine: ${machineSum(event)}`, ...told.flatMap((finding) => findingLines(finding, look))];
    }
    case 'plan':
      return [
        ...(event.facts ?? []).map(
          ({ what, is, path = '' }) => `${what}: ${[is, tilde(path, home)].filter(Boolean).join('  ')}`,
        ),
        `plan: ${planSum(event.steps)}`,
      ];
    case 'step-started':
      return [`${event.group}: ${event.title} …`];
    case 'step-progress':
      return all ? [`${event.step}: ${progress(event)}`] : [];
    case 'step-ended':
      return stepEnded(event, all);
    case 'command-started':
      return all ? [`$ ${event.argv.map(quoted).join(' ')}   (in ${tilde(event.cwd, home)})`] : [];
    case 'command-output':
      return all ? [`  | ${event.line}`] : [];
    case 'command-ended':
      return all ? [`  = ${event.exit} after ${duration(event.seconds)}`] : [];
    case 'removal':
      return removal(event);
    case 'log-opened':
      return [`log: ${tilde(event.path, home)}`];
  }
}

/** `bai-dev install  dev2109 · Backend.AI 21.09 · native (there is no Docker engine) · PyPI sources` */
export function headline(
  { command, id, title, engine, engineReason, source }: EventOf<'environment'>,
  { marks }: Look,
): string {
  const chosen = engineReason === undefined ? engine : `${engine} (${engineReason})`;
  const facts = [id, title, chosen, sourceWords[source] ?? `${source} sources`];
  return `bai-dev ${command}  ${facts.join(` ${marks.dot} `)}`;
}

const sourceWords: Readonly<Record<string, string>> = {
  pypi: 'PyPI sources',
  mixed: 'sources of git and PyPI',
};

/** `14 checks, 1 to know` */
export function machineSum({ findings }: EventOf<'prechecks'>): string {
  const of = (severity: string): number => findings.filter((each) => each.severity === severity).length;
  const [blockers, warnings] = [of('blocker'), of('warning')];
  return [
    findings.length === 1 ? '1 check' : `${findings.length} checks`,
    ...(blockers > 0 ? [`${blockers} to fix`] : []),
    ...(warnings > 0 ? [`${warnings} to know`] : []),
  ].join(', ');
}

/** `143 of 187 packages`, or `pulling postgres 42 %` where the numbers are no count of things. */
export function progress({ detail, done, total }: EventOf<'step-progress'>): string {
  const words = detail.trim();
  if (done === undefined || total === undefined || total <= 0) return words;
  if (total < 10_000) return `${done} of ${total} ${words}`.trim();
  return `${words} ${Math.floor((100 * done) / total)} %`.trim();
}

function stepEnded(
  { group, title, outcome, seconds, summary, reason }: EventOf<'step-ended'>,
  all: boolean,
): string[] {
  const more = summary === undefined ? '' : `: ${summary}`;
  switch (outcome) {
    case 'done':
      return [`${group}: ${title} done in ${duration(seconds)}${more}`];
    case 'kept':
      return [`${group}: ${title} kept${more}`];
    case 'failed':
      return [
        `${group}: ${title} failed after ${duration(seconds)}${reason === undefined ? '' : `: ${reason}`}`,
      ];
    case 'interrupted':
      return [`${group}: ${title} interrupted after ${duration(seconds)}`];
    case 'skipped':
      return all ? [`${group}: ${title} not begun`] : [];
  }
}

function removal({ resource, outcome, reason }: EventOf<'removal'>): string[] {
  switch (outcome) {
    case 'removed':
      return [`removed ${resource}`];
    case 'absent':
      return [`${resource} was gone already`];
    case 'kept':
      return [`kept ${resource}${reason === undefined ? '' : `: ${reason}`}`];
    case 'failed':
      return [`could not remove ${resource}${reason === undefined ? '' : `: ${reason}`}`];
  }
}
