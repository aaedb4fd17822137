// Versions of servers: numbers with dots, and the ranges that a release can live with.

/** `from` and everything after it that comes before `below`. */
export interface Range {
  readonly from: string;
  readonly below: string;
}

/** True if a version lies in one of the ranges. */
export function isWithin(version: string, ranges: readonly Range[]): boolean {
  return ranges.some(({ from, below }) => compare(version, from) >= 0 && compare(version, below) < 0);
}

/** True if one version can read what the other wrote: both agree in their first `places` numbers. */
export function sameLine(a: string, b: string, places: number): boolean {
  const line = (version: string): string => numbers(version).slice(0, places).join('.');
  return line(a) === line(b);
}

/** Negative, zero or positive, as a sort wants it; what is not given counts as zero. */
export function compare(a: string, b: string): number {
  const [left, right] = [numbers(a), numbers(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const numbers = (version: string): number[] => version.split('.').map(Number);
