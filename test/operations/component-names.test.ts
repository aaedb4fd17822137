// One name for each part, and what else people call it.
import { expect, test } from 'vitest';
import { canonicalName } from '../../src/operations/component-names.ts';

const known = ['manager', 'agent', 'common', 'storage-proxy', 'webserver', 'client-py', 'postgres'];

test.each([
  ['manager', 'manager'],
  ['client', 'client-py'],
  ['client_py', 'client-py'],
  ['Storage', 'storage-proxy'],
  ['web', 'webserver'],
  ['postgresql', 'postgres'],
  ['db', 'postgres'],
  ['ma', undefined],
  ['managr', undefined],
  ['', undefined],
])('%j is %j', (word, name) => {
  expect(canonicalName(word, known)).toBe(name);
});

test('a beginning of several is none of them', () => {
  expect(canonicalName('com', ['common', 'compose'])).toBeUndefined();
});
