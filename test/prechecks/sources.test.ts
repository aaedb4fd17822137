import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed } from '../../src/cli/again.ts';
import { parse } from '../../src/cli/program.ts';
import type { Draft, DraftSource } from '../../src/prechecks/draft.ts';
import { checkSources } from '../../src/prechecks/sources.ts';
import { withAccelerator } from '../../src/release/accelerator.ts';
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

describe('one cause of several trees', () => {
  const trouble = { kind: 'network', reason: 'github.com could not be reached.', known: [] } as const;
  const offline = (release: Draft['release']): DraftSource[] =>
    Object.keys(release.trees).map((tree) => ({ tree, ref: '21.03', trouble, nearest: [] }));

  it('is told once, with one command that drops what only git can obey', () => {
    const draft = draftIn(box);
    const { findings } = checkSources({ ...draft, sources: offline(draft.release) });
    expect(findings).toHaveLength(1);
    expect(findings[0]?.title).toMatch(/^manager, agent, .*: their repositories do not answer$/);
    expect(findings[0]?.next?.[0]).toMatchObject({
      command: 'bai-dev install -e mine --release 21.03 --source pypi',
      without: ['server-branch', 'client-branch', 'ref', 'repository', 'repositories'],
    });
  });

  it('keeps what was typed: 2021 without a network', () => {
    const draft = draftIn(box);
    const typed = ['install', '-e', 'mine', '--server-branch=21.03', '--client-branch=21.03'];
    const parsed = parse([...typed, '--install-path=./dev2103', '--no-kernel-images'], {
      version: '1',
      width: 80,
    });
    const [finding] = checkSources({ ...draft, sources: offline(draft.release) }).findings;
    const next = finding?.next?.[0];
    if (parsed.kind !== 'call' || next === undefined) throw new Error('nothing is proposed');
    const { command } = completed(next, parsed);
    expect(command).toMatch(/^bai-dev install .*-e mine/);
    for (const option of [
      '--source pypi',
      '--release 21.03',
      '--install-path ./dev2103',
      '--no-kernel-images',
    ])
      expect(command).toContain(option);
    expect(command).not.toContain('-branch');
  });

  it('says what was asked, and what else can be done, where PyPI has no package', () => {
    const draft = draftIn(box);
    const release = withAccelerator(draft.release, 'cuda-mock');
    if (release === undefined) throw new Error('this release has no mock');
    const sources = [...draft.sources, { tree: 'accel-cuda', ref: 'main', trouble, nearest: [] }];
    const [finding] = checkSources({ ...draft, release, sources }).findings;
    expect(finding?.reason).toContain('https://github.com/lablup/backend.ai-accelerator-cuda-mock');
    expect(finding?.reason).toContain('github.com could not be reached.');
    expect(finding?.reason).toContain('only for later releases');
    expect(finding?.next).toMatchObject([
      { without: ['enable-cuda', 'enable-cuda-mock', 'cuda-branch'] },
      { command: expect.stringContaining('--repository accel-cuda=ADDRESS') as string },
    ]);
  });

  it('names all refs in one command', () => {
    const [finding, ...others] = check(broken('ref', '21.03'), {
      ...broken('ref', '21.03'),
      tree: 'manager',
    }).findings;
    expect(others).toEqual([]);
    expect(finding?.next?.[0]?.command).toContain('--ref agent=21.03 --ref manager=21.03');
  });
});

it('is silent about what PyPI stands in for: that is told before', () => {
  const source = { source: 'pypi', ref: '1', address: 'agent' } as const;
  expect(check({ ...broken('network'), source }).findings).toEqual([]);
});
