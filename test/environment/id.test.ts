import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isId, parseId, randomId } from '../../src/environment/id.ts';

describe('an ID', () => {
  test.each(['a', '0', 'dev2109', 'a-b_c', 'x'.repeat(32), 'manager2', 'my-agent'])('may be %s', (text) => {
    expect(parseId(text)).toBe(text);
    expect(isId(text)).toBe(true);
  });

  test.each([
    ...['', '-a', '_a', 'A', 'dev 1', 'dév', 'a.b', 'a/b', '../a', '.', 'a\n', 'x'.repeat(33), '--help'],
    ...['manager', 'agent', 'common', 'storage-proxy', 'webserver', 'client', 'client-py', 'postgres', 'all'],
  ])('may not be %j', (text) => {
    expect(() => parseId(text)).toThrow(expect.objectContaining({ code: 'BAI-USAGE' }) as Error);
    expect(isId(text)).toBe(false);
  });

  test('never leads out of a folder, whatever is tried', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (isId(text)) expect(text).toMatch(/^[a-z0-9][a-z0-9_-]{0,31}$/);
        else expect(() => parseId(text)).toThrow();
      }),
    );
  });

  test('made at random is one, of eight letters and digits, each as likely as the other', () => {
    const counts = new Map<string, number>();
    const ids = Array.from({ length: 2000 }, () => randomId((n) => randomBytes(n).toString('hex')));
    for (const id of ids) {
      expect(id).toMatch(/^[a-z0-9]{8}$/);
      for (const letter of id) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect(new Set(ids).size).toBe(ids.length);
    expect(counts.size).toBe(36);
    // 444 each are expected; a deviation of a third is seven standard deviations away
    for (const count of counts.values()) expect(Math.abs(count - 444)).toBeLessThan(148);
  });

  test('made at random needs no more bytes than there are, also when many of them are of no use', () => {
    const bytes = ['ff'.repeat(16), `${'fc'.repeat(12)}00010224`, `${'23'.repeat(4)}${'fb'.repeat(12)}`];
    expect(randomId(() => bytes.shift() ?? '')).toBe('abca9999');
  });
});
