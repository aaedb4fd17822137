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

/** The whole screen; what to do next is always on it. */
export function failureScreen({ command, failure, line }: FailureScreen, look: Look): string[] {
  const { paint, marks, home } = look;
  const { step, code, lines, log } = failure;
  // an answer is no failure
  if (code === 'BAI-DECLINED') return [`Cancelled. ${failure.reason}`];
  const where = step === undefined ? `bai-dev ${command}`.trim() : `${step.group} › ${step.title}`;
  const heading = `${marks.bad} ${where}`;
  const screen = [
    ...heads(heading, code, look).map((head) => paint('bad', head)),
    ...prose(failure.reason, look),
  ];
  if (lines.length > 0) screen.push('', ...lines.slice(-shown).map((each) => `    ${each}`));
  const why = failure.facts['why'];
  const rows: [label: string, text: string][] = [];
  if (typeof why === 'string') rows.push(['Why', why]);
  rows.push(...nextRows(failure.next, look));
  if (log !== undefined) {
    rows.push(['Log', `${tilde(log, home)}${line === undefined ? '' : ` (line ${line})`}`]);
  }
  screen.push('', ...rows.map(([label, text]) => `  ${paint('strong', pad(label, 6))} ${text}`));
  const end = lastWord(command, failure);
  return end === undefined ? screen : [...screen, '', ...prose(end, look)];
}

function heads(heading: string, code: string, { width }: Look): string[] {
  const one = apart(heading, code, Math.min(width, 80));
  return one === undefined ? [heading, `  ${code}`] : [one];
}

/** A command stays in one piece; where that leaves no room for its purpose, it gets a line of its own. */
function nextRows(next: readonly NextCommand[], { width }: Look): [string, string][] {
  const longest = Math.max(0, ...next.map(({ purpose }) => widthOf(purpose)));
  return next.flatMap(({ purpose, command }, at): [string, string][] => {
    const label = at === 0 ? 'Next' : '';
    const one = `${pad(`${purpose}:`, longest + 1)}   ${command}`;
    return widthOf(one) + 9 <= width
      ? [[label, one]]
      : [
          [label, `${purpose}:`],
          ['', `  ${command}`],
        ];
  });
}

/** Said only where it is true: an install that began to write. */
function lastWord(command: string, { log, exit }: FailureFacts): string | undefined {
  if (command !== 'install' || log === undefined || exit < 6 || exit === 9) return undefined;
  return 'Nothing is lost. The same command continues where this one stopped.';
}

const prose = (text: string, { width }: Look): string[] => wrap(text, width - 2).map((line) => `  ${line}`);
