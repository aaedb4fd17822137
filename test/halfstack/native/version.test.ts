// Versions as numbers, never as text.
import { expect, test } from 'vitest';
import { compare, isWithin, sameLine } from '../../../src/halfstack/native/version.ts';

test.each([
  ['3.5.10', '3.5.9', 1],
  ['3.5', '3.5.0', 0],
  ['9', '10', -1],
  ['13.23', '13.3', 1],
])('%s beside %s', (a, b, sign) => {
  expect(Math.sign(compare(a, b))).toBe(sign);
  expect(Math.sign(compare(b, a)) + sign).toBe(0);
});

test('a range holds its beginning and not its end', () => {
  const ranges = [
    { from: '3.4', below: '3.5' },
    { from: '3.5.6', below: '3.7' },
  ];
  const within = (version: string) => isWithin(version, ranges);
  expect(['3.4', '3.4.34', '3.5.6', '3.6.1'].map(within)).toEqual([true, true, true, true]);
  expect(['3.3.9', '3.5', '3.5.5', '3.7', '4'].map(within)).toEqual([false, false, false, false, false]);
});

test('data stays readable within a line of versions', () => {
  expect(sameLine('13.23', '13.1', 1)).toBe(true);
  expect(sameLine('13.23', '14.0', 1)).toBe(false);
  expect(sameLine('3.4.23', '3.4.1', 2)).toBe(true);
  expect(sameLine('3.4.23', '3.5.6', 2)).toBe(false);
});
