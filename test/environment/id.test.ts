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

  test('made at random is one of two words that can be said, rarely twice the same', () => {
    const ids = Array.from({ length: 200 }, () => randomId((n) => randomBytes(n).toString('hex')));
    for (const id of ids) {
      expect(parseId(id)).toBe(id);
      expect(id).toMatch(/^[a-z]{3,8}-[a-z]{3,8}$/);
    }
    expect(new Set(ids).size).toBeGreaterThan(180);
  });
});
