// What main.ts needs of a way to tell: events while it runs, a pause for questions, one ending.
import type { FailureFacts } from './events.ts';
import type { Reporter } from '../world.ts';
import type { Ending } from './results.ts';

export interface Output extends Reporter {
  /** Makes room for a question, with what must be seen to answer it; then goes on. */
  pause(): void;
  resume(): void;
  /** The last word. Nothing follows. */
  end(ending: Ending, more: EndingMore): void;
}

export interface EndingMore {
  /** The line of the log at which a failure stands. */
  readonly line?: number;
  /** The stack of an error that is our own mistake; only told with --verbose. */
  readonly stack?: string;
}

/** A stream that may be gone: what cannot be written is not written. */
export type Write = (text: string) => void;

/** Writes to a stream and never throws. */
export function writer(stream: NodeJS.WriteStream): Write {
  return (text) => {
    try {
      stream.write(text);
    } catch {
      // a full disk or a closed terminal must not end the work
    }
  };
}

export const asText = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

/** The envelope: the last line of --json, whatever happened. */
export function envelope(ending: Ending): {
  readonly schema: 1;
  readonly command: string;
  readonly ok: boolean;
  readonly result?: unknown;
  readonly failure?: FailureFacts;
} {
  return ending.ok
    ? { schema: 1, command: ending.result.command, ok: true, result: ending.result.value }
    : { schema: 1, command: ending.command, ok: false, failure: ending.failure };
}
