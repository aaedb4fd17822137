import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DraftSource } from '../../src/prechecks/draft.ts';
import { checkSources } from '../../src/prechecks/sources.ts';
import type { Trouble } from '../../src/source/choose.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { draftIn, said } from './asking.ts';

let box: Sandbox;
beforeEach(() => (box = sandbox()));
afterEach(() => box.remove());

const check = (...sources: readonly DraftSource[]) => checkSources({ ...draftIn(box), sources });
const broken = (kind: Trouble['kind'], ...nearest: string[]): DraftSource => ({
  tree: 'agent',
  ref: '21.3',
  trouble: { kind, reason: 'Because.', known: nearest },
  nearest,
});
const cloned: DraftSource = {
  tree: 'manager',
  ref: '21.03',
  source: { source: 'git', ref: '21.03', kind: 'branch', address: 'file:///a' },
  nearest: [],
};

it('says nothing where all comes from PyPI', async () => {
  expect(await said(Promise.resolve(checkSources(draftIn(box))))).toEqual([]);
});

it('counts the repositories that have what is wanted', () => {
  expect(check(cloned).findings).toMatchObject([{ id: 'source.git', title: '1 repository answers' }]);
});

describe('what git was wanted for and cannot be had', () => {
  it.each([
    ['ref', 'source.ref'],
    ['access', 'source.access'],
    ['repository', 'source.repository'],
    ['network', 'source.network'],
  ] as const)('is a blocker: %s', async (kind, id) => {
    expect(await said(Promise.resolve(check(cloned, broken(kind))))).toEqual([
      'source.git ok',
      `${id} blocker`,
    ]);
  });

  it('tells first what may open the way in', () => {
    const next = [{ purpose: 'unlock yours', command: 'ssh-add' }];
    const trouble = { kind: 'access', reason: 'Because.', known: [], next } as const;
    const [finding] = check({ ...broken('access'), trouble }).findings;
    expect(finding?.next?.map(({ command }) => command)).toEqual([
      'ssh-add',
      expect.stringContaining('--source agent=pypi'),
    ]);
  });

  it('names the refs that are nearest', () => {
    const [finding] = check(broken('ref', '21.03', '21.09')).findings;
    expect(finding?.title).toBe('agent: no branch or tag "21.3"');
    expect(finding?.next?.map(({ command }) => command)).toEqual([
      expect.stringContaining('--ref agent=21.03'),
      expect.stringContaining('--ref agent=21.09'),
    ]);
  });

  it('names the two that a name means', () => {
    const [finding] = check(broken('ambiguous', 'refs/heads/x', 'refs/tags/x')).findings;
    expect(finding?.next).toHaveLength(2);
  });
});

it('is silent about what PyPI stands in for: that is told before', () => {
  const source = { source: 'pypi', ref: '1', address: 'agent' } as const;
  expect(check({ ...broken('network'), source }).findings).toEqual([]);
});
