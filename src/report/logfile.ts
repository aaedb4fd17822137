// The log of an environment: everything that happened, with times, also what the screen left out.
import type { Appender } from '../host/append.ts';
import type { Event } from './events.ts';
import { printable } from './printable.ts';
import { lookOf, noPaint, type Look } from './style.ts';
import { eventLines } from './words/events.ts';

export interface LogFile {
  emit(event: Event): void;
  /** Enters lines of no event, e.g. the stack of an error. */
  note(lines: readonly string[]): void;
  readonly path: () => string | undefined;
  /** Number of the line at which the first failed step stands. */
  readonly failureLine: () => number | undefined;
  close(): void;
}

export interface LogParts {
  readonly home: string;
  readonly now: () => Date;
  readonly open: (path: string) => Appender | undefined;
}

/** Events before the log is opened are kept and entered then: before that nothing may be written. */
export function logFile({ home, now, open }: LogParts): LogFile {
  const look: Look = lookOf(
    { color: false, unicode: true, live: false },
    { paint: noPaint, width: Infinity, home },
  );
  const waiting: string[] = [];
  let file: Appender | undefined;
  let path: string | undefined;
  let failedAt: number | undefined;
  const enter = (lines: readonly string[]): void => {
    for (const line of lines) {
      const stamped = `${now().toISOString()} ${printable(line)}`;
      if (path === undefined) waiting.push(stamped);
      else file?.append(stamped);
    }
  };
  return {
    emit: (event) => {
      if (event.kind === 'log-opened' && path === undefined) {
        path = event.path;
        file = open(path);
        waiting.splice(0).forEach((line) => file?.append(line));
      }
      enter(eventLines(event, look, true));
      if (event.kind === 'step-ended' && event.outcome === 'failed') failedAt ??= file?.lines();
    },
    note: enter,
    path: () => path,
    failureLine: () => failedAt,
    close: () => {
      file?.close();
      file = undefined;
    },
  };
}
