// A full disk, which servers and engines tell in their own words only.
import { Failure } from '../failure.ts';

const words = /no space left on device/i;
/** Bytes of the file that etcd makes first, the largest of the three servers': with less it cannot start. */
const least = 64_000_000;

/**
 * The same failure as one that says so; undefined if it is another. `command` shows what fills the disk. How many bytes
 * are `free` tells it where nobody could say so any more: words need room, too.
 */
export function fullDisk(error: unknown, command: string, free = Infinity): Failure | undefined {
  if (!(error instanceof Failure) || error.code === 'BAI-FILESYSTEM') return undefined;
  const { lines = [] } = error.more;
  const told = [error.message, ...lines].some((line) => words.test(line));
  if (!told && (error.code !== 'BAI-UNHEALTHY' || free >= least)) return undefined;
  return new Failure('BAI-FILESYSTEM', `The disk is full: ${error.message}`, {
    cause: error,
    lines,
    next: [{ purpose: 'see what fills it', command }],
  });
}
