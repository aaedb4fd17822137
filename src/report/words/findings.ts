// What the prechecks found, as a screen with remedies.
import type { Finding, Severity } from '../events.ts';
import { wrap } from '../layout.ts';
import { count, type Look, type Tone } from '../style.ts';

/** All blockers and warnings with their remedies, and what they add up to. */
export function findingsScreen(id: string, findings: readonly Finding[], look: Look): string[] {
  const blockers = findings.filter(({ severity }) => severity === 'blocker');
  const warnings = findings.filter(({ severity }) => severity === 'warning');
  const sum = [
    `${count(blockers.length, 'thing')} to fix`,
    ...(warnings.length > 0 ? [`${warnings.length} to know`] : []),
  ];
  return [
    `  This machine cannot hold ${id} yet: ${sum.join(', ')}.`,
    '',
    ...[...blockers, ...warnings].flatMap((finding) => findingLines(finding, look)),
    '',
    '  Nothing has been written.',
  ];
}

/** One finding: its title, its reason, its next commands. */
export function findingLines({ severity, title, reason, next }: Finding, look: Look): string[] {
  const { paint, width } = look;
  const mark = paint(tones[severity], markOf(severity, look));
  return [
    `  ${mark} ${title}`,
    ...(reason === undefined ? [] : wrap(reason, width - 6).map((line) => `      ${line}`)),
    ...(next ?? []).map(({ purpose, command }) => `      ${purpose}:  ${command}`),
  ];
}

/** The mark that stands before a finding. */
export function markOf(severity: Severity, { marks }: Look): string {
  switch (severity) {
    case 'ok':
      return marks.done;
    case 'note':
      return marks.dot;
    case 'warning':
      return marks.know;
    case 'blocker':
      return marks.bad;
  }
}

const tones: Readonly<Record<Severity, Tone>> = {
  ok: 'good',
  note: 'faint',
  warning: 'know',
  blocker: 'bad',
};
