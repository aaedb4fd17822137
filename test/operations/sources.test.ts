import { describe, expect, it } from 'vitest';
import type { EnvironmentSpec } from '../../src/environment/spec.ts';
import { Failure } from '../../src/failure.ts';
import {
  demandsOf,
  sourceDifferences,
  substitutes,
  type SourceWishes,
} from '../../src/operations/sources.ts';
import type { DraftSource } from '../../src/prechecks/draft.ts';
import { withAccelerator } from '../../src/release/accelerator.ts';
import { findRelease, loadCatalogue } from '../../src/release/catalogue.ts';
import { repository } from '../rig/world.ts';

const release = findRelease(await loadCatalogue(repository), '21.03');
const ports = { single: {} };
type Said = Partial<SourceWishes>;
const request = (wished?: Said, usual?: Said) => ({
  wishes: { ports, ...(wished && { sources: { trees: {}, ...wished } }) },
  defaults: { ports, ...(usual && { sources: { trees: {}, ...usual } }) },
});
const demands = (wished?: Said, usual?: Said) => demandsOf(request(wished, usual), release);
/** `source ref` of a tree. */
const of = (tree: string, wished?: Said, usual?: Said): string => {
  const found = demands(wished, usual).find((one) => one.tree === tree);
  return `${found?.source ?? ''} ${found?.ref ?? ''}`;
};
const refusal = (wished?: Said, usual?: Said): Failure => {
  try {
    demands(wished, usual);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('where a tree comes from', () => {
  const git: Said = { source: 'git' };
  it.each<[string, string, Said | undefined, Said | undefined, string]>([
    ['nothing', 'agent', undefined, undefined, 'auto 21.03'],
    ['git', 'agent', git, undefined, 'git 21.03'],
    ['git, but one', 'agent', { ...git, trees: { agent: { source: 'pypi' } } }, undefined, 'pypi 21.03'],
    ['git, but another', 'common', { ...git, trees: { agent: { source: 'pypi' } } }, undefined, 'git 21.03'],
    ['a branch', 'agent', { serverBranch: 'main' }, undefined, 'git main'],
    ['a branch of the others', 'client-py', { serverBranch: 'main' }, undefined, 'auto 21.03'],
    ['a branch of the client', 'client-py', { clientBranch: 'main' }, undefined, 'git main'],
    ['auto and a branch', 'agent', { source: 'auto', serverBranch: 'main' }, undefined, 'git main'],
    ['a ref', 'agent', { trees: { agent: { ref: 'v1' } } }, undefined, 'git v1'],
    [
      'a ref beside a branch',
      'agent',
      { serverBranch: 'main', trees: { agent: { ref: 'v1' } } },
      undefined,
      'git v1',
    ],
    ['a repository', 'agent', { trees: { agent: { repository: 'file:///a' } } }, undefined, 'git 21.03'],
    [
      'a branch, but PyPI for one',
      'agent',
      { serverBranch: 'main', trees: { agent: { source: 'pypi' } } },
      undefined,
      'pypi main',
    ],
    ['a place of all', 'agent', { repositories: 'file:///all' }, undefined, 'auto 21.03'],
    ['usually PyPI', 'agent', undefined, { source: 'pypi' }, 'pypi 21.03'],
    ['usually PyPI, now git', 'agent', git, { source: 'pypi' }, 'git 21.03'],
    ['usually PyPI, now a branch', 'agent', { serverBranch: 'main' }, { source: 'pypi' }, 'git main'],
    ['usually a branch, now PyPI', 'agent', { source: 'pypi' }, { serverBranch: 'main' }, 'pypi main'],
    ['usually a branch, now git', 'agent', git, { serverBranch: 'main' }, 'git main'],
  ])('%s: %s', (_about, tree, wished, usual, expected) => {
    expect(of(tree, wished, usual)).toBe(expected);
  });

  it("is the release's repository, or the one of that name in another place, with its submodules", () => {
    const [web] = demands().filter(({ tree }) => tree === 'webserver');
    expect(web).toMatchObject({
      address: 'https://github.com/lablup/backend.ai-webserver',
      submodules: ['https://github.com/lablup/backend.ai-app'],
    });
    const [moved] = demands({ repositories: 'https://host/group' }).filter(
      ({ tree }) => tree === 'webserver',
    );
    expect(moved).toMatchObject({
      address: 'https://host/group/backend.ai-webserver',
      submodules: ['https://host/group/backend.ai-app'],
      repositories: 'https://host/group',
    });
  });
});

describe('what cannot be meant', () => {
  it.each<[string, Said]>([
    ['--server-branch', { source: 'pypi', serverBranch: '21.03' }],
    ['--client-branch', { source: 'pypi', clientBranch: '21.03' }],
    ['--client-branch', { clientBranch: 'x', trees: { 'client-py': { source: 'pypi' } } }],
    ['--ref agent', { source: 'pypi', trees: { agent: { ref: 'x' } } }],
    ['--repository agent', { trees: { agent: { source: 'pypi', repository: 'file:///a' } } }],
  ])('%s with PyPI', (flag, wished) => {
    const failure = refusal(wished);
    expect(failure.code).toBe('BAI-USAGE');
    expect(failure.message).toContain(flag);
    expect(failure.message).toContain('--release');
    expect(refusal(undefined, wished).code).toBe('BAI-CONFIG');
  });

  it('is a component that the release does not have', () => {
    const failure = refusal({ trees: { agnt: { source: 'pypi' } } });
    expect(failure.code).toBe('BAI-USAGE');
    expect(failure.message).toContain('Did you mean agent?');
  });
});

describe('an environment that is there', () => {
  const address = 'https://github.com/lablup/backend.ai-agent';
  const spec = {
    release,
    trees: {
      agent: { source: 'git', ref: '21.03', kind: 'branch', address },
      common: { source: 'pypi', ref: '21.3.14', address: 'backend.ai-common' },
    },
  } satisfies Pick<EnvironmentSpec, 'release' | 'trees'>;
  const differences = (wished: Said) =>
    sourceDifferences(request(wished), spec).map(({ aspect, tree }) => `the ${aspect} of ${tree}`);

  it('agrees with what it is, and with whatever is chosen by itself', () => {
    expect(differences({})).toEqual([]);
    expect(differences({ source: 'auto' })).toEqual([]);
    expect(differences({ source: 'git', trees: { common: { source: 'pypi' } } })).toEqual([]);
    expect(differences({ trees: { agent: { ref: '21.03', repository: address } } })).toEqual([]);
  });

  it('differs by source, ref and repository', () => {
    expect(differences({ source: 'git' })).toEqual(['the source of common']);
    expect(differences({ serverBranch: 'main' })).toEqual(['the ref of agent', 'the source of common']);
    expect(differences({ repositories: 'file:///all' })).toEqual(['the repository of agent']);
  });
});

it('says once why PyPI stands in for several', () => {
  const answer = (tree: string, reason?: string): DraftSource => ({
    tree,
    ref: '21.03',
    source: { source: 'pypi', ref: '1', address: tree },
    nearest: [],
    ...(reason === undefined ? {} : { trouble: { kind: 'network', reason, known: [] } }),
  });
  expect(substitutes([answer('a', 'No.'), answer('b'), answer('c', 'Away.'), answer('d', 'No.')])).toEqual([
    'From PyPI: a, d. No.',
    'From PyPI: c. Away.',
  ]);
});

describe('where the plugin of an accelerator comes from', () => {
  const plugin = (kind: 'cuda' | 'cuda-mock', wished?: Said): string => {
    const wider = withAccelerator(release, kind);
    if (wider === undefined) throw new Error(`the release has no ${kind}`);
    const found = demandsOf(request(wished), wider).find(({ tree }) => tree === 'accel-cuda');
    return `${found?.source ?? ''} ${found?.ref ?? ''}`;
  };

  it.each<[string, 'cuda' | 'cuda-mock', Said | undefined, string]>([
    ['nothing', 'cuda', undefined, 'auto main'],
    ['PyPI for all', 'cuda', { source: 'pypi' }, 'pypi main'],
    ['a branch of the others', 'cuda', { serverBranch: '21.03' }, 'auto main'],
    ['a branch of its own', 'cuda', { cudaBranch: 'next' }, 'git next'],
    ['nothing of what no index has', 'cuda-mock', undefined, 'git main'],
    ['PyPI for all but what no index has', 'cuda-mock', { source: 'pypi' }, 'git main'],
    [
      'a repository of what no index has',
      'cuda-mock',
      { source: 'pypi', trees: { 'accel-cuda': { repository: 'file:///mock' } } },
      'git main',
    ],
  ])('%s', (_what, kind, wished, wanted) => {
    expect(plugin(kind, wished)).toBe(wanted);
  });

  it('is no difference where no index has it and PyPI is said of all', () => {
    const wider = withAccelerator(release, 'cuda-mock');
    if (wider === undefined) throw new Error('the release has no mock');
    const source = { source: 'git', kind: 'branch', ref: 'main', address: 'file:///mock' } as const;
    const spec = { release: wider, trees: { 'accel-cuda': source } };
    expect(sourceDifferences(request({ source: 'pypi' }), spec)).toEqual([]);
  });
});
