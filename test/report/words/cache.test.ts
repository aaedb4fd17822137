import { expect, it } from 'vitest';
import { lookOf, noPaint } from '../../../src/report/style.ts';
import { cacheScreen } from '../../../src/report/words/cache.ts';

const look = lookOf(
  { color: false, unicode: true, live: true },
  { paint: noPaint, width: 80, home: '/home/you' },
);
const rows = [
  { kind: 'packages', bytes: 400_000_000, unneeded: 0 },
  { kind: 'servers', bytes: 300_000_000, unneeded: 100_000_000 },
];
const result = { folder: '/home/you/.cache/bai-dev', rows, bytes: 700_000_000 };

it('the cache is a row for each kind, with what can go', () => {
  expect(cacheScreen(result, look)).toEqual([
    'The cache holds 700 MB in ~/.cache/bai-dev.',
    '',
    'KIND      SIZE    UNNEEDED',
    'packages  400 MB            Python packages',
    'servers   300 MB  100 MB    PostgreSQL, Redis and etcd for native halfstacks',
    '',
    'Remove what no environment needs with   bai-dev cache prune',
  ]);
  expect(cacheScreen({ ...result, rows: [], bytes: 0 }, look)).toEqual([
    'The cache is empty: ~/.cache/bai-dev.',
  ]);
});

it('a pruned cache is what was freed', () => {
  const pruned = { ...result, removed: ['a', 'b'], freed: 100_000_000 };
  expect(cacheScreen(pruned, look)).toEqual([
    'Removed 2 entries, 100 MB freed.',
    '  The cache holds 700 MB in ~/.cache/bai-dev.',
  ]);
  expect(cacheScreen({ ...pruned, removed: [], freed: 0 }, look)[0]).toBe('Nothing to prune.');
});
