// Lines fit, by the columns that characters really take.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apart, cut, flow, pad, table, widthOf, wrap } from '../../src/report/layout.ts';

describe('cut', () => {
  it('never gives more columns than it was told, whatever the letters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 60 }), (text, width) => {
        expect(widthOf(cut(text, width, '…'))).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('tells what it did', () => {
    expect(cut('Configuration', 8, '…')).toBe('Configu…');
    expect(cut('short', 8, '…')).toBe('short');
    expect(cut('한국어 이름', 6, '~')).toBe('한국~');
  });
});

describe('apart', () => {
  it('fills the line, or says that there is no room', () => {
    expect(apart('a', 'b', 5)).toBe('a   b');
    expect(apart('abc', 'de', 6)).toBeUndefined();
  });
});

describe('wrap', () => {
  it('breaks at spaces and leaves long words whole', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', 'three']);
    expect(wrap('see https://host/a/long/address now', 10)).toEqual([
      'see',
      'https://host/a/long/address',
      'now',
    ]);
    expect(wrap('all of it', Infinity)).toEqual(['all of it']);
  });
});

describe('table', () => {
  it('aligns cells and leaves no spaces at the end', () => {
    expect(
      table([
        ['a', 'bb', 'c'],
        ['aaa', '', ''],
      ]),
    ).toEqual(['a    bb  c', 'aaa']);
  });
});

describe('pad', () => {
  it('counts columns, not letters', () => {
    expect(pad('한', 4)).toBe('한  ');
  });
});

describe('flow', () => {
  it('breaks only between items', () => {
    expect(flow(['one two', 'three', 'four'], ', ', 14)).toEqual(['one two, three', 'four']);
    expect(flow(['longer than that'], ', ', 4)).toEqual(['longer than that']);
  });
});
