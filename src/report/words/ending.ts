// The last screen of a run: a result, a failure, or what the prechecks found.
import type { Finding } from '../events.ts';
import type { EndingMore } from '../output.ts';
import type { Ending } from '../results.ts';
import type { Look } from '../style.ts';
import { failureScreen } from './failure.ts';
import { findingsScreen } from './findings.ts';
import { resultScreen } from './result.ts';

export interface EndingScreen {
  readonly ending: Ending;
  readonly more: EndingMore;
  /** Those of the last survey, for a failure that they are the reason of. */
  readonly findings: readonly Finding[];
  readonly id: string;
  readonly verbose: boolean;
}

/** The screen that fits the ending. */
export function endingLines({ ending, more, findings, id, verbose }: EndingScreen, look: Look): string[] {
  if (ending.ok) return resultScreen(ending.result, look);
  const { command, failure } = ending;
  if (failure.code === 'BAI-PRECHECK' && findings.some(({ severity }) => severity === 'blocker')) {
    return findingsScreen(id, findings, look);
  }
  const screen = failureScreen(
    { command, failure, ...(more.line === undefined ? {} : { line: more.line }) },
    look,
  );
  return verbose && more.stack !== undefined ? [...screen, '', ...more.stack.split('\n')] : screen;
}
