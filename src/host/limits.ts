// How long, how large and how slow an answer of another program may be.

export interface Limits {
  /** Seconds for everything together. */
  readonly whole: number;
  /** Seconds that the other side may be silent, or slower than `rate`. */
  readonly silence: number;
  /** Bytes a second. */
  readonly rate: number;
  /** Bytes, after decompression. */
  readonly bytes: number;
}

/**
 * For texts that are held in memory. The largest pages of pypi.org have about 20 MB, most have less than one; below
 * 1 kB/s an install would take days.
 */
export const textLimits: Limits = { whole: 600, silence: 30, rate: 1024, bytes: 64 * 1024 * 1024 };

/** Bytes of a refusal that are read: one sentence is wanted of it. */
export const refusalBytes = 64 * 1024;

/** For a file: its size is known, or that of the largest file that a release needs is far below this. */
export function fileLimits(bytes = 1024 ** 3): Limits {
  // 16 kB/s on the whole, so that one that is just above the lowest rate ends as well
  return { whole: 600 + bytes / (16 * 1024), silence: 30, rate: 1024, bytes };
}

/** Bytes that a program or server of this machine may answer where the whole answer is held in memory. */
export const localBytes = 64 * 1024 * 1024;

/** An answer passed a limit that trying again would not change. */
export class LimitError extends Error {
  override readonly name = 'LimitError';
}

export const tooLarge = (bytes: number): LimitError =>
  new LimitError(`the answer has more than ${inUnits(bytes)}`);

function inUnits(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${Math.round(bytes / 1024 / 1024)} MiB` : `${bytes} bytes`;
}

export interface Watch {
  readonly signal: AbortSignal;
  /** The same chunks; as soon as there are too many, too few or for too long, they end with an error. */
  watched(chunks: AsyncIterable<unknown> | Iterable<unknown>): AsyncIterable<Uint8Array>;
  end(): void;
}

/** Begins to watch an exchange. A silence ends only when as much has come as the lowest rate asks for. */
export function watch({ whole, silence, rate, bytes }: Limits): Watch {
  const controller = new AbortController();
  const least = rate * silence;
  let [all, sinceRefresh] = [0, 0];
  const quiet = setTimeout(() => {
    const what =
      all === 0 ? 'nothing was received for' : `fewer than ${Math.ceil(least)} bytes were received in`;
    controller.abort(new Error(`${what} ${silence} s`));
  }, silence * 1000);
  const total = setTimeout(() => {
    controller.abort(new LimitError(`the answer took longer than ${Math.round(whole)} s`));
  }, whole * 1000);
  return {
    signal: controller.signal,
    watched: async function* (chunks) {
      for await (const each of chunks) {
        const chunk = each as Uint8Array;
        all += chunk.byteLength;
        sinceRefresh += chunk.byteLength;
        if (all > bytes) throw tooLarge(bytes);
        if (sinceRefresh >= least) {
          sinceRefresh = 0;
          quiet.refresh();
        }
        yield chunk;
      }
    },
    end: () => {
      clearTimeout(quiet);
      clearTimeout(total);
      controller.abort();
    },
  };
}
