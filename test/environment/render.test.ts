import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { holesOf, render, renderData } from '../../src/environment/render.ts';

/** Any text without lone surrogates, which no file can hold. */
const text = fc.string({ unit: 'grapheme' });

describe('render', () => {
  it('gives TOML back what was put in', () => {
    fc.assert(
      fc.property(text, fc.integer(), (value, number) => {
        const rendered = render('a = {{value}}\nb = [{{number}}]\n', { value, number }, 'toml');
        expect(parse(rendered)).toEqual({ a: value, b: [number] });
      }),
    );
  });

  it('escapes what TOML does not take as it is', () => {
    const value = 'del\u007f tab\t quote" back\\slash\nline';
    expect(parse(render('a = {{value}}', { value }, 'toml'))).toEqual({ a: value });
  });

  it('gives a shell back what was put in, and runs nothing of it', () => {
    for (const value of ["it's", '$(id)', '`id`', '"', '\\', 'a b', '!x', "''", 'line\nbreak', '']) {
      const script = render('v={{value}}; printf \'%s\' "$v"', { value }, 'shell');
      expect(spawnSync('sh', ['-c', script], { encoding: 'utf8' }).stdout).toBe(value);
    }
  });

  it('doubles what ini reads as a reference, and refuses a line break', () => {
    expect(render('url = {{url}}', { url: 'postgresql://u:p%40@h' }, 'ini')).toBe(
      'url = postgresql://u:p%%40@h',
    );
    expect(() => render('{{url}}', { url: 'a\nb' }, 'ini')).toThrow(/url/);
  });

  it('keeps raw text as it is', () => {
    expect(render('<{{value}}>', { value: `"'$&` }, 'raw')).toBe(`<"'$&>`);
  });

  it('refuses a hole that has no value or is not one', () => {
    expect(() => render('{{nothing}}', {}, 'raw')).toThrow(/"nothing"/);
    expect(() => render('{{toString}}', {}, 'raw')).toThrow(/"toString"/);
    expect(() => render('{{ spaced }}', { spaced: 1 }, 'raw')).toThrow(/\{\{ spaced \}\}/);
  });

  it('does not fill what a value brings', () => {
    expect(render('{{a}}{{b}}', { a: '{{b}}', b: 1 }, 'raw')).toBe('{{b}}1');
  });
});

describe('renderData', () => {
  it('fills texts wherever they are and leaves the rest alone', () => {
    const data = { a: ['{{x}}:{{y}}', 1, null, true], b: { c: 'plain' } };
    expect(renderData(data, { x: 'h', y: 2 })).toEqual({ a: ['h:2', 1, null, true], b: { c: 'plain' } });
  });
});

describe('holesOf', () => {
  it('names each hole once', () => {
    expect(holesOf('{{port.a}} {{b}} {{port.a}}')).toEqual(['port.a', 'b']);
  });
});
