// A file that only grows, for logs: every line is on its way to the disk when the call returns.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

export interface Appender {
  /** Lines that the file holds. */
  readonly lines: () => number;
  /** Never throws: a full disk must not end the work that is logged. */
  append(line: string): void;
  close(): void;
}

/** Opens a file of this user alone; undefined if it cannot be written. */
export function openAppender(path: string): Appender | undefined {
  try {
    const file = openSync(path, 'a', 0o600);
    let lines = readFileSync(path).reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0);
    return {
      lines: () => lines,
      append: (line) => {
        try {
          writeSync(file, `${line}\n`);
          lines += 1;
        } catch {
          // told nowhere: the log is the place to tell
        }
      },
      close: () => closeSync(file),
    };
  } catch {
    return undefined;
  }
}
