// Colour and marks are decided once; units and paths are told the same everywhere.
import { describe, expect, it } from 'vitest';
import {
  bytes,
  clock,
  count,
  decideStyle,
  duration,
  inLocale,
  isSet,
  lookOf,
  noPaint,
  shortDuration,
  tilde,
} from '../../src/report/style.ts';

const decide = (variables: Record<string, string>, terminal = true, noColor = false) =>
  decideStyle({ variables: { TERM: 'xterm', LANG: 'C.UTF-8', ...variables }, terminal, noColor });

describe('colour', () => {
  it.each([
    ['a terminal has it', {}, true, false, true],
    ['a pipe has none', {}, false, false, false],
    ['--no-color wins over all', { FORCE_COLOR: '1' }, true, true, false],
    ['NO_COLOR', { NO_COLOR: '1' }, true, false, false],
    ['NO_COLOR wins over FORCE_COLOR', { NO_COLOR: '1', FORCE_COLOR: '1' }, true, false, false],
    ['an empty NO_COLOR says nothing', { NO_COLOR: '' }, true, false, true],
    ['FORCE_COLOR reaches a pipe', { FORCE_COLOR: '1' }, false, false, true],
    ['FORCE_COLOR=0 takes it away', { FORCE_COLOR: '0' }, true, false, false],
    ['a dumb terminal has none', { TERM: 'dumb' }, true, false, false],
    ['CI has none', { CI: 'true' }, true, false, false],
    ['CI=false is no CI', { CI: 'false' }, true, false, true],
  ])('%s', (_what, variables, terminal, noColor, color) => {
    expect(decide(variables as Record<string, string>, terminal, noColor).color).toBe(color);
  });
});

describe('the live view', () => {
  it.each([
    [{}, true, true],
    [{}, false, false],
    [{ FORCE_COLOR: '1' }, false, false],
    [{ TERM: 'dumb' }, true, false],
    [{ CI: '1' }, true, false],
    [{ NO_COLOR: '1' }, true, true],
  ])('with %j on a terminal (%s): %s', (variables, terminal, live) => {
    expect(decide(variables as Record<string, string>, terminal).live).toBe(live);
  });
});

describe('the locale', () => {
  it.each([
    [{ LANG: 'de_DE.UTF-8' }, true],
    [{ LANG: 'C' }, false],
    [{ LANG: '' }, false],
    [{ LANG: 'C.UTF-8', LC_ALL: 'POSIX' }, false],
    [{ LANG: 'C', LC_CTYPE: 'en_US.utf8' }, true],
  ])('%j shows more than ASCII: %s', (variables, unicode) => {
    expect(decide(variables as Record<string, string>).unicode).toBe(unicode);
  });

  it('decides the marks', () => {
    const style = { color: false, live: false };
    const more = { paint: noPaint, width: 80, home: '/h' };
    expect(lookOf({ ...style, unicode: true }, more).marks).toMatchObject({ done: '✔', know: '!', bad: '✖' });
    expect(lookOf({ ...style, unicode: false }, more).marks).toMatchObject({
      done: 'ok',
      know: '!',
      bad: 'x',
    });
  });

  it('changes our own signs where it must', () => {
    expect(inLocale('Sources › a · b …', false)).toBe('Sources > a - b ...');
    expect(inLocale('Sources › a · b …', true)).toBe('Sources › a · b …');
  });
});

describe('units', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [3_900_000_000, '3.9 GB'],
    [12_345_678, '12 MB'],
    [999_999, '1.0 MB'],
  ])('%i bytes are %s', (amount, words) => {
    expect(bytes(amount)).toBe(words);
  });

  it.each([
    [0.04, '0.0 s'],
    [0.4, '0.4 s'],
    [9.96, '10 s'],
    [41.2, '41 s'],
    [59.6, '1:00'],
    [65, '1:05'],
    [3600, '60:00'],
  ])('%d seconds are %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });

  it('are shorter in columns', () => {
    expect([shortDuration(0.4), shortDuration(18), shortDuration(65)]).toEqual(['0.4s', '18s', '1:05']);
    expect([clock(0), clock(24.4), clock(125)]).toEqual(['0:00', '0:24', '2:05']);
  });

  it('count one and many', () => {
    expect([count(1, 'step'), count(2, 'step'), count(0, 'copy', 'copies')]).toEqual([
      '1 step',
      '2 steps',
      '0 copies',
    ]);
  });
});

describe('tilde', () => {
  it.each([
    ['/home/you', '~'],
    ['/home/you/x', '~/x'],
    ['/home/yours/x', '/home/yours/x'],
    ['/etc', '/etc'],
  ])('%s is %s', (path, short) => {
    expect(tilde(path, '/home/you')).toBe(short);
  });
});

describe('isSet', () => {
  it('is false for every no', () => {
    expect([undefined, '', '0', 'false', 'NO', 'off'].filter(isSet)).toEqual([]);
    expect(['1', 'true', 'yes', 'x'].filter(isSet)).toHaveLength(4);
  });
});
