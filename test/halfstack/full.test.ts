import { expect, test } from 'vitest';
import { Failure } from '../../src/failure.ts';
import { fullDisk } from '../../src/halfstack/full.ts';

const unwell = new Failure('BAI-UNHEALTHY', "The halfstack's etcd is not well: it ended 3 times.");
const spoken = new Failure('BAI-UNHEALTHY', "The halfstack's etcd is not well.", {
  lines: ['panic: write: no space left on device'],
});

test.each([
  ['said by a server', spoken, undefined, true],
  ['seen where none could say it', unwell, 10_000_000, true],
  ['no reason where there is room', unwell, 1_000_000_000, false],
  ['no reason where nobody knows', unwell, undefined, false],
  ['no reason of another failure', new Failure('BAI-ENGINE', 'Docker does not answer.'), 10, false],
  ['no reason of what is no failure', new Error('interrupted'), 10, false],
])('a full disk is %s', (_title, error, free, full) => {
  const told = fullDisk(error, 'df', free);
  expect(told?.message.startsWith('The disk is full: ') ?? false).toBe(full);
  if (full) expect(told).toMatchObject({ code: 'BAI-FILESYSTEM', more: { next: [{ command: 'df' }] } });
});
