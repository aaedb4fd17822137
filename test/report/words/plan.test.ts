// The plan as a person agrees to it.
import { describe, expect, it } from 'vitest';
import type { PlannedStep } from '../../../src/report/events.ts';
import { lookOf, noPaint } from '../../../src/report/style.ts';
import { planScreen, planSum } from '../../../src/report/words/plan.ts';

const look = (width: number) =>
  lookOf({ color: false, unicode: true, live: true }, { paint: noPaint, width, home: '/h' });

const step = (id: string, group: string, more: Partial<PlannedStep> = {}): PlannedStep => ({
  id,
  title: id,
  group,
  outlook: 'make',
  ...more,
});

const steps = [
  step('manager', 'Sources', { bytes: 1_200_000, seconds: 3 }),
  step('agent', 'Sources', { bytes: 800_000, seconds: 2 }),
  step('images', 'Halfstack', { outlook: 'keep', bytes: 5_000_000_000 }),
  step('web', 'Virtualenvs', { seconds: 70 }),
  step('common', 'Virtualenvs', { outlook: 'keep' }),
];

describe('planScreen', () => {
  it('is a line a group and what it costs', () => {
    expect(planScreen(steps, look(80))).toEqual([
      '  Sources      manager · agent',
      '  Halfstack    kept',
      '  Virtualenvs  web · 1 kept',
      '',
      '  3 steps, about 1:15, at most 2.0 MB to download',
    ]);
  });
});

describe('what was decided', () => {
  it('stands above the steps, with paths below the home folder', () => {
    const facts = [
      { what: 'Folder', is: '', path: '/h/backend.ai-dev/dev' },
      { what: 'Python', is: '3.9.18', path: '/h/.pyenv/bin/python' },
      { what: 'No sessions', is: 'agent cannot run: this user may not use Docker' },
    ];
    expect(planScreen([step('manager', 'Sources')], look(50), facts)).toEqual([
      '  Folder       ~/backend.ai-dev/dev',
      '  Python       3.9.18  ~/.pyenv/bin/python',
      '  No sessions  agent cannot run: this user may',
      '               not use Docker',
      '',
      '  Sources      manager',
      '',
      '  1 step',
    ]);
  });
});

describe('on a narrow terminal', () => {
  it('goes on below, between two steps', () => {
    expect(planScreen(steps, look(30)).slice(0, 3)).toEqual([
      '  Sources      manager',
      '               agent',
      '  Halfstack    kept',
    ]);
  });
});

describe('a removal', () => {
  it('is told by number, what is of worth first', () => {
    const gone = (id: string, kind: string): PlannedStep => step(id, kind, { outlook: 'remove' });
    const things = [gone('a', 'file'), gone('b', 'volume'), gone('c', 'tree'), gone('d', 'tree')];
    expect(planScreen(things, look(80))).toEqual([
      '    2  source trees',
      '    1  volume with its data',
      '    1  generated file',
    ]);
    expect(planSum(things)).toBe('4 things to remove');
  });
});

describe('planSum', () => {
  it('says when nothing is left', () => {
    expect(planSum([step('a', 'A', { outlook: 'keep' })])).toBe('Nothing is left to do.');
    expect(planSum([step('a', 'A')])).toBe('1 step');
  });
});
