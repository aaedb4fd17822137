// The screen of a failure: what failed, why, what to do next, where to read more.
import type { NextCommand } from '../../failure.ts';
import type { FailureFacts } from '../events.ts';
import { apart, pad, widthOf, wrap } from '../layout.ts';
import { tilde, type Look } from '../style.ts';

/** A failed command's own last lines that are shown; the log has them all. */
const shown = 20;

export interface FailureScreen {
  readonly command: string;
  readonly failure: FailureFacts;
  /** The line of the log at which the failure stands. */
  readonly line?: number;
}

export function failureScreen({ command, failure, line }: FailureScreen, look: Look): string[] {
  const { paint, marks, home } = look;
  const { step, code, lines, log } = failure;
  const where = step === undefined ? `bai-dev ${command}`.trim() : `${step.group} › ${step.title}`;
  const heading = `${marks.bad} ${where}`;
  const screen = [
    paint('bad', apart(heading, code, Math.min(look.width, 80)) ?? `${heading}  ${code}`),
    ...prose(failure.reason, look),
  ];
  if (lines.length > 0) screen.push('', ...lines.slice(-shown).map((each) => `    ${each}`));
  const why = failure.facts['why'];
  const rows: [label: string, text: string][] = [];
  if (typeof why === 'string') rows.push(['Why', why]);
  rows.push(...nextRows(nextOf(failure)));
  if (log !== undefined) {
    rows.push(['Log', `${tilde(log, home)}${line === undefined ? '' : ` (line ${line})`}`]);
  }
  screen.push('', ...rows.map(([label, text]) => `  ${paint('strong', pad(label, 6))} ${text}`));
  const end = lastWord(command, failure);
  return end === undefined ? screen : [...screen, '', ...prose(end, look)];
}

/** There is always something to do: at least to read what the code means, or to try again. */
export function nextOf({ next, code }: FailureFacts): readonly NextCommand[] {
  return next.length > 0 ? next : [{ purpose: 'what this means', command: `bai-dev explain ${code}` }];
}

function nextRows(next: readonly NextCommand[]): [string, string][] {
  const longest = Math.max(0, ...next.map(({ purpose }) => widthOf(purpose)));
  return next.map(({ purpose, command }, at) => [
    at === 0 ? 'Next' : '',
    `${pad(`${purpose}:`, longest + 1)}   ${command}`,
  ]);
}

/** Said only where it is true: an install that began to write. */
function lastWord(command: string, { log, exit }: FailureFacts): string | undefined {
  if (command !== 'install' || log === undefined || exit < 6 || exit === 9) return undefined;
  return 'Nothing is lost. The same command continues where this one stopped.';
}

const prose = (text: string, { width }: Look): string[] => wrap(text, width - 2).map((line) => `  ${line}`);
