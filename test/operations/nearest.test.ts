// The word that was meant.
import { describe, expect, it } from 'vitest';
import { nearest, suggestion } from '../../src/operations/nearest.ts';

const words = ['release', 'redis-port', 'etcd-port', 'yes'];

describe('nearest', () => {
  it.each([
    ['relase', 'release'],
    ['realese', 'release'],
    ['redisport', 'redis-port'],
    ['YES', 'yes'],
    ['yse', 'yes'],
  ])('takes %s for %s', (word, meant) => {
    expect(nearest(word, words)).toBe(meant);
  });

  it.each(['install', 'x', ''])('takes %j for nothing', (word) => {
    expect(nearest(word, words)).toBeUndefined();
  });

  it('does not choose between two that are as near', () => {
    expect(nearest('part-a', ['part-b', 'part-c'])).toBeUndefined();
  });

  it('is a sentence with a space before it, or nothing', () => {
    expect(suggestion('relase', words)).toBe(' Did you mean release?');
    expect(suggestion('nonsense', words)).toBe('');
  });
});
