// The live view: one line a group, at any width.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/report/events.ts';
import { widthOf } from '../../src/report/layout.ts';
import { enter, newLive } from '../../src/report/live.ts';
import { liveLines } from '../../src/report/picture.ts';
import { lookOf, noPaint } from '../../src/report/style.ts';

const look = (width: number) =>
  lookOf({ color: false, unicode: true, live: true }, { paint: noPaint, width, home: '/home/you' });

const steps = [
  ['source:manager', 'manager', 'Sources'],
  ['source:agent', 'agent', 'Sources'],
  ['virtualenv:manager', 'manager', 'Virtualenvs'],
  ['virtualenv:agent', 'agent', 'Virtualenvs'],
  ['etcd:fill', 'etcd', 'Database and etcd'],
] as const;

const plan = {
  kind: 'plan' as const,
  seconds: 45,
  steps: steps.map(([id, title, group]) => ({ id, title, group, outlook: 'make' as const })),
} satisfies Event;
const started = (at: number): Event => {
  const [step, title, group] = steps[at]!;
  return { kind: 'step-started', step, title, group };
};
const ended = (at: number, more: Partial<Extract<Event, { kind: 'step-ended' }>> = {}): Event => {
  const [step, title, group] = steps[at]!;
  return { kind: 'step-ended', step, title, group, outcome: 'done', seconds: 1, ...more };
};

/** Each event one second after the one before. */
function show(events: readonly Event[], width = 80, over = false): string[] {
  const live = newLive();
  events.forEach((event, at) => enter(live, event, at * 1000));
  return liveLines(live, look(width), { now: events.length * 1000, ended: over });
}

const middle: Event[] = [
  { kind: 'prechecks', seconds: 0.4, findings: [{ id: 'a', severity: 'ok', title: 'git' }] },
  plan,
  started(0),
  ended(0, { summary: 'manager' }),
  ended(1, { outcome: 'kept', summary: 'agent' }),
  started(2),
  started(3),
  { kind: 'step-progress', step: 'virtualenv:agent', detail: 'packages', done: 143, total: 187 },
];

describe('a group', () => {
  it('is a line: done, running, to come', () => {
    expect(show(middle)).toEqual([
      '  ✔ Machine            1 check                                             0.4s',
      '  ✔ Sources            manager · agent                                     1.0s',
      '  ⠋ Virtualenvs        0 of 2 · manager · agent: 143 of 187 packages       3.0s',
      '    Database and etcd',
      '',
      '  0:06 of about 0:45',
    ]);
  });

  it('loses its time first where there is no room, then its details', () => {
    expect(show(middle, 40)).toEqual([
      '  ✔ Machine            1 check',
      '  ✔ Sources            manager · agent',
      '  ⠋ Virtualenvs        0 of 2 · manage…',
      '    Database and etcd',
      '',
      '  0:06 of about 0:45',
    ]);
    expect(show(middle, 30).slice(0, 3)).toEqual(['  ✔ Machine', '  ✔ Sources', '  ⠋ Virtualenvs']);
  });

  it('never makes a line that wraps', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.string({ unit: 'grapheme' }), (width, detail) => {
        const lines = show([...middle, { kind: 'step-progress', step: 'virtualenv:agent', detail }], width);
        for (const line of lines) expect(widthOf(line)).toBeLessThan(Math.max(width, 2));
      }),
    );
  });

  it('says kept where everything was there already', () => {
    const kept = show([plan, ended(0, { outcome: 'kept' }), ended(1, { outcome: 'kept' })]);
    expect(kept[0]).toBe('  ✔ Sources            kept');
  });

  it('names what failed', () => {
    const lines = show([plan, started(2), started(3), ended(3, { outcome: 'failed' })], 80, true);
    expect(lines).toEqual([
      '    Sources',
      '  ✖ Virtualenvs        agent failed                                        3.0s',
      '    Database and etcd',
    ]);
  });

  it('does not call done what was not begun', () => {
    const lines = show(
      [plan, started(2), ended(2, { outcome: 'failed' }), ended(4, { outcome: 'skipped' })],
      80,
      true,
    );
    expect(lines.at(-1)).not.toContain('✔');
  });

  it('neither turns nor ages while it waits for another', () => {
    const waiting = [plan, started(2), ended(2), started(0), ended(0), ended(1)];
    expect(show(waiting).slice(0, 2)).toEqual([
      '  ✔ Sources            2 steps                                             1.0s',
      '    Virtualenvs        1 of 2                                              1.0s',
    ]);
  });

  it('opens again when a step of it begins later', () => {
    const lines = show([plan, started(0), ended(0), started(1)]);
    expect(lines[0]).toMatch(/⠋ Sources {12}1 of 2 · agent/);
  });
});

describe('a run that ends before anything began', () => {
  it('leaves no groups behind', () => {
    expect(show(middle.slice(0, 2), 80, true)).toEqual([
      '  ✔ Machine            1 check                                             0.4s',
    ]);
  });
});

describe('the machine', () => {
  const header: Event = {
    kind: 'environment',
    command: 'install',
    id: 'dev',
    title: 'Backend.AI 21.09',
    engine: 'docker',
    source: 'pypi',
    path: '/w',
  };

  it('is asked from the start', () => {
    expect(show([header])).toEqual([
      '  ⠹ Machine                                                                1.0s',
    ]);
  });

  it('leaves no line when it was not asked, or has something to say of its own', () => {
    expect(show([header], 80, true)).toEqual([]);
    expect(
      show([
        header,
        { kind: 'prechecks', seconds: 1, findings: [{ id: 'a', severity: 'blocker', title: 'no git' }] },
      ]),
    ).toEqual([]);
  });
});

describe('the estimate', () => {
  it('stays once it was passed, and is not there where there is none', () => {
    const live = newLive();
    enter(live, plan, 0);
    enter(live, started(0), 0);
    expect(liveLines(live, look(80), { now: 60_000, ended: false }).at(-1)).toBe(
      '  1:00 of about 0:45, longer than usual',
    );
    expect(show([{ kind: 'plan', steps: plan.steps }, started(0)]).at(-1)).toBe('  0:01');
  });
});

describe('delete', () => {
  it('counts what is gone', () => {
    const removal = (resource: string): Event => ({ kind: 'removal', resource, outcome: 'removed' });
    const events = [removal('container a'), removal('volume b')];
    expect(show(events)[0]).toMatch(/^ {2}. Removed {12}2 · volume b +2\.0s$/);
    expect(show(events, 80, true)).toEqual([
      '  ✔ Removed            2 things                                            2.0s',
    ]);
  });
});
