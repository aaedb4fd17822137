// A full disk, which servers and engines tell in their own words only.
import { Failure } from '../failure.ts';

const words = /no space left on device/i;

/** The same failure as one that says so; undefined if it is another. `command` shows what fills the disk. */
export function fullDisk(error: unknown, command: string): Failure | undefined {
  if (!(error instanceof Failure) || error.code === 'BAI-FILESYSTEM') return undefined;
  const { lines = [] } = error.more;
  if (![error.message, ...lines].some((line) => words.test(line))) return undefined;
  return new Failure('BAI-FILESYSTEM', `The disk is full: ${error.message}`, {
    cause: error,
    lines,
    next: [{ purpose: 'see what fills it', command }],
  });
}
