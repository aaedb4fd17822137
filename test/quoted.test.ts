// Words survive a shell.
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoted } from '../src/quoted.ts';

describe('quoted', () => {
  it.each([
    ['--index=https://host/simple', '--index=https://host/simple'],
    ['~/work', '~/work'],
    ['a b', "'a b'"],
    ["print('hello')", `"print('hello')"`],
    ["it's $HOME", String.raw`'it'\''s $HOME'`],
    ['', "''"],
  ])('%s is %s', (word, text) => {
    expect(quoted(word)).toBe(text);
  });

  it('is read back by a shell as it was', () => {
    const words = fc.sample(fc.string({ unit: fc.constantFrom(...Array.from(`a'"$\`\\! *;&|\n#`)) }), {
      numRuns: 60,
      seed: 7,
    });
    const script = `printf '%s\\0' ${words.map(quoted).join(' ')}`;
    const read = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
    expect(read).toEqual(words);
  });
});
