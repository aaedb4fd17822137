// One plain line for each event.
import { describe, expect, it } from 'vitest';
import type { Event } from '../../../src/report/events.ts';
import { lookOf, noPaint } from '../../../src/report/style.ts';
import { eventLines } from '../../../src/report/words/events.ts';

const look = lookOf(
  { color: false, unicode: true, live: false },
  { paint: noPaint, width: Infinity, home: '/home/you' },
);

const named = { step: 'source:agent', title: 'agent', group: 'Sources' };
const end = { kind: 'step-ended', ...named, seconds: 3.14 } as const;

/** Each event, what everybody is told and what only --verbose and the log tell. */
const table: readonly (readonly [Event, readonly string[], readonly string[]])[] = [
  [
    {
      kind: 'environment',
      command: 'install',
      id: 'a1',
      title: 'T',
      engine: 'docker',
      source: 'pypi',
      path: '/p',
      random: true,
    },
    ['bai-dev install  a1 · T · docker · PyPI sources', 'a1 is a name made up for this run.'],
    [],
  ],
  [
    { kind: 'note', message: 'The default ports are taken.', severity: 'note' },
    ['The default ports are taken.'],
    [],
  ],
  [{ kind: 'note', message: 'No identity.', severity: 'warning' }, ['warning: No identity.'], []],
  [
    { kind: 'prechecks', seconds: 1, findings: [{ id: 'a', severity: 'warning', title: 'Little room' }] },
    ['machine: 1 check, 1 to know', '  ! Little room'],
    [],
  ],
  [{ kind: 'plan', steps: [{ id: 'a', title: 'a', group: 'A', outlook: 'make' }] }, ['plan: 1 step'], []],
  [{ kind: 'step-started', ...named }, ['Sources: agent …'], []],
  [
    { kind: 'step-progress', step: 'source:agent', detail: 'packages', done: 3, total: 9 },
    [],
    ['source:agent: 3 of 9 packages'],
  ],
  [
    { kind: 'step-progress', step: 'x', detail: 'postgres', done: 50_000, total: 200_000 },
    [],
    ['x: postgres 25 %'],
  ],
  [{ kind: 'step-progress', step: 'x', detail: 'unpacking' }, [], ['x: unpacking']],
  [{ ...end, outcome: 'done', summary: '21.09.1' }, ['Sources: agent done in 3.1 s: 21.09.1'], []],
  [{ ...end, outcome: 'kept' }, ['Sources: agent kept'], []],
  [{ ...end, outcome: 'failed', reason: 'No.' }, ['Sources: agent failed after 3.1 s: No.'], []],
  [{ ...end, outcome: 'interrupted' }, ['Sources: agent interrupted after 3.1 s'], []],
  [{ ...end, outcome: 'skipped' }, [], ['Sources: agent not begun']],
  [
    { kind: 'command-started', argv: ['git', 'commit', '-m', 'a b'], cwd: '/home/you/x' },
    [],
    ["$ git commit -m 'a b'   (in ~/x)"],
  ],
  [{ kind: 'command-output', stream: 'stdout', line: 'hello' }, [], ['  | hello']],
  [{ kind: 'command-ended', argv: ['git'], exit: 1, seconds: 2 }, [], ['  = 1 after 2.0 s']],
  [{ kind: 'removal', resource: 'volume v', outcome: 'removed' }, ['removed volume v'], []],
  [{ kind: 'removal', resource: 'volume v', outcome: 'absent' }, ['volume v was gone already'], []],
  [
    { kind: 'removal', resource: 'folder f', outcome: 'kept', reason: 'not ours' },
    ['kept folder f: not ours'],
    [],
  ],
  [
    { kind: 'removal', resource: 'volume v', outcome: 'failed', reason: 'in use' },
    ['could not remove volume v: in use'],
    [],
  ],
  [{ kind: 'log-opened', path: '/home/you/log' }, ['log: ~/log'], []],
];

describe('eventLines', () => {
  it.each(table)('%j', (event, lines, verbose) => {
    expect(eventLines(event, look, false)).toEqual(lines);
    expect(eventLines(event, look, true)).toEqual([...lines, ...verbose]);
  });
});
