// What is said of the cache: sizes by kind, and what a prune freed.
import type { CacheResult } from '../../operations/cache.ts';
import { table } from '../layout.ts';
import { bytes, count, tilde, type Look } from '../style.ts';

const kinds: Readonly<Record<string, string>> = {
  uv: 'uv itself',
  packages: 'Python packages',
  python: 'Python builds',
  servers: 'PostgreSQL, Redis and etcd for native halfstacks',
  resolutions: 'resolved dependencies',
  downloads: 'source distributions and archives',
  other: 'everything else; never removed',
};

/** A row for each kind that is there, and what can be removed. */
export function cacheScreen(result: CacheResult, look: Look): string[] {
  const { rows, removed, freed = 0 } = result;
  const folder = tilde(result.folder, look.home);
  const total = `The cache holds ${bytes(result.bytes)} in ${folder}.`;
  if (removed !== undefined) {
    const what = count(removed.length, 'entry', 'entries');
    const did = removed.length === 0 ? 'Nothing to prune.' : `Removed ${what}, ${bytes(freed)} freed.`;
    return [look.paint('strong', did), `  ${total}`];
  }
  if (rows.length === 0) return [`The cache is empty: ${folder}.`];
  const lines = rows.map(({ kind, bytes: size, unneeded }) => [
    ...[kind, bytes(size), unneeded === 0 ? '' : bytes(unneeded)],
    look.paint('faint', kinds[kind] ?? ''),
  ]);
  const [heading = '', ...more] = table([['KIND', 'SIZE', 'UNNEEDED', ''], ...lines]);
  const unneeded = rows.reduce((sum, row) => sum + row.unneeded, 0);
  return [
    look.paint('strong', total),
    '',
    look.paint('faint', heading),
    ...more,
    ...(unneeded === 0 ? [] : ['', `Remove what no environment needs with   bai-dev cache prune`]),
  ];
}
