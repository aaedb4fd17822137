// What differs from an environment that is there, what it would mean to change it, and what cannot be changed.
import { describe, expect, it } from 'vitest';
import type { EnvironmentId } from '../../src/environment/id.ts';
import type { Wishes } from '../../src/operations/request.ts';
import { assertChangeable, conflict, differencesOf, releaseWith } from '../../src/operations/differences.ts';
import { withAccelerator } from '../../src/release/accelerator.ts';
import { findRelease, loadCatalogue } from '../../src/release/catalogue.ts';
import { sampleRecord } from '../environment/sample.ts';
import { repository } from '../rig/world.ts';

const catalogue = await loadCatalogue(repository);
const release = findRelease(catalogue, '21.09');
const spec = { ...sampleRecord('dev').spec, release };
const id = 'dev' as EnvironmentId;
const differences = (wishes: Partial<Wishes>) =>
  differencesOf({ id, wishes: { ports: { single: {} }, ...wishes } }, spec, catalogue);

describe('an environment that is there', () => {
  it('agrees with silence, and with what it is', () => {
    expect(differences({})).toEqual([]);
    expect(
      differences({
        release: '2109',
        engine: 'auto',
        index: spec.index,
        accelerator: 'none',
        installPath: spec.installPath,
        ports: { base: spec.portBase, single: { manager: spec.ports.manager } },
      }),
    ).toEqual([]);
  });

  it.each<[string, Partial<Wishes>]>([
    ['--release', { release: '21.03' }],
    ['--install-path', { installPath: '/elsewhere' }],
    ['--python-version', { pythonVersion: '3.8' }],
    ['--engine', { engine: spec.engine === 'docker' ? 'native' : 'docker' }],
  ])('is never changed by %s, and says why', (what, wishes) => {
    const found = differences(wishes);
    expect(found).toMatchObject([{ what }]);
    expect(() => assertChangeable(id, found)).toThrow(
      /^dev cannot be changed like that: .* stays .*\. .*\.$/,
    );
    expect(conflict(id, found).more.next?.some(({ command }) => command.includes('--change'))).toBe(false);
  });

  it.each<[string, Partial<Wishes>]>([
    ['the accelerator', { accelerator: 'cuda' }],
    ['kernel images', { kernelImages: 'big' }],
    ['--index', { index: 'https://host/simple' }],
    ['--ports', { ports: { base: spec.portBase + 200, single: {} } }],
    ['the port redis', { ports: { single: { redis: 1234 } } }],
  ])('can be changed by %s, and says what that means', (what, wishes) => {
    const found = differences(wishes);
    expect(found).toMatchObject([{ what, means: expect.stringMatching(/^.+\.$/) as string }]);
    expect(() => assertChangeable(id, found)).not.toThrow();
    expect(conflict(id, found).more.next?.some(({ command }) => command.includes('--change'))).toBe(true);
  });

  it('shows no password of an address', () => {
    const address = 'https://me:secret@host/agent.git';
    const found = differences({ index: 'https://me:secret@host/simple' });
    expect(found).toMatchObject([{ wish: 'https://host/simple' }]);
    const agent = { source: 'git', ref: '21.09', kind: 'branch', address } as const;
    const cloned = { ...spec, trees: { ...spec.trees, agent } };
    const repository = 'https://you:secret@host/other.git';
    const wishes = { ports: { single: {} }, sources: { trees: { agent: { repository } } } };
    const [moved] = differencesOf({ id, wishes }, cloned, catalogue);
    expect(moved).toMatchObject({ what: 'the repository of agent', source: { wish: repository } });
    expect(`${moved?.is} ${moved?.wish}`).not.toContain('secret');
    expect(conflict(id, moved === undefined ? [] : [moved]).message).not.toContain('secret');
  });

  it('has the plugin that was wished for in place of the one that it has', () => {
    const wider = withAccelerator(release, 'cuda')!;
    const equipped = { ...spec, release: wider, accelerator: { kind: 'cuda' as const } };
    const wishes = { ports: { single: {} } };
    expect(releaseWith(equipped, wishes)).toBe(wider);
    expect(releaseWith(equipped, { ...wishes, accelerator: 'none' })).toEqual(release);
    expect(releaseWith(equipped, { ...wishes, accelerator: 'cuda-mock' })).toEqual(
      withAccelerator(release, 'cuda-mock'),
    );
    const none = { ...spec, release: { ...release, accelerators: {} } };
    expect(() => releaseWith(none, { ...wishes, accelerator: 'cuda' })).toThrow(/no plugin/);
  });
});
