// For programs: one object per line on stdout; the last one is the envelope.
import { envelope, type Output, type Write } from './output.ts';

/** What children print is told only with `verbose`. */
export function jsonOutput(write: Write, { verbose }: { verbose: boolean }): Output {
  const line = (value: unknown): void => write(`${JSON.stringify(value)}\n`);
  return {
    emit: (event) => {
      if (verbose || !event.kind.startsWith('command-')) line(event);
    },
    pause: () => undefined,
    resume: () => undefined,
    end: (ending) => line(envelope(ending)),
  };
}
