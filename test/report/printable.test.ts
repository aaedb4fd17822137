// Nothing that others say can steer a terminal.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { printable } from '../../src/report/printable.ts';

it('leaves texts as they are, with their lines and tabs, in data of any shape', () => {
  const data = {
    lines: ['an ✔ in\tone\nor two', '한국어'],
    facts: { exit: 128, why: undefined, none: null },
  };
  expect(printable(data)).toEqual(data);
});

it.each([
  ['aborting due to corruption\u0000', 'aborting due to corruption'],
  ['\u001b]0;title\u0007\u001b[2Jall \u001b[31mred\u001b[0m', 'all red'],
  ['a\u009b31m bell \u0007 and \u0008', 'a bell  and '],
  ['done  10%\rdone  20%\r\nnext', 'done  20%\nnext'],
])('takes out what a terminal would obey: %j', (text, clean) => {
  expect(printable({ lines: [text] })).toEqual({ lines: [clean] });
});

it('whatever comes, no control character is left but ends of lines and tabs', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(printable(text)).not.toMatch(/[^\P{Cc}\n\t]/u);
    }),
  );
});
