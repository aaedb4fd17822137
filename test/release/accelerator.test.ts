// What an accelerator makes of a release.
import { describe, expect, it } from 'vitest';
import { withAccelerator, withoutAccelerator } from '../../src/release/accelerator.ts';
import { loadCatalogue } from '../../src/release/catalogue.ts';
import { crossMistakes } from '../../src/release/check.ts';
import { repository } from '../rig/world.ts';

const { releases } = await loadCatalogue(repository);

describe.each(releases.map((release) => [release.version, release] as const))(
  'of %s',
  (_version, release) => {
    it('is the release itself without one', () => {
      expect(withAccelerator(release, 'none')).toBe(release);
    });

    it.each(['cuda', 'cuda-mock'] as const)(
      '%s is a tree, a virtualenv, and a part of the agent’s',
      (kind) => {
        const wider = withAccelerator(release, kind);
        expect(Object.keys(wider?.trees ?? {})).toEqual([...Object.keys(release.trees), 'accel-cuda']);
        expect(wider?.virtualenvs['agent']?.shares).toEqual(['common', 'accel-cuda']);
        expect(wider?.virtualenvs['accel-cuda']?.shares).toContain('agent');
        expect(wider?.components['accel-cuda']).toMatchObject({ virtualenv: 'accel-cuda' });
        expect(wider?.virtualenvs['manager']).toEqual(release.virtualenvs['manager']);
      },
    );

    it.each(['cuda', 'cuda-mock'] as const)('is itself again without %s', (kind) => {
      const wider = withAccelerator(release, kind);
      expect(wider && withoutAccelerator(wider, kind)).toEqual(release);
    });

    it('has settings in the agent’s tree only with the mock', () => {
      const files = (kind: 'cuda' | 'cuda-mock') =>
        withAccelerator(release, kind)?.files.map(({ path }) => path);
      expect(files('cuda')).not.toContain('cuda-mock.toml');
      expect(files('cuda-mock')).toContain('cuda-mock.toml');
    });
  },
);

it('is nothing where the data names none, and a mistake where it names what is not there', () => {
  const [release] = releases;
  if (release?.accelerators.cuda === undefined) throw new Error('the first release has no plugin');
  expect(withAccelerator({ ...release, accelerators: {} }, 'cuda')).toBeUndefined();
  const broken = {
    ...release.accelerators.cuda,
    shares: { nowhere: ['accel-cuda'] },
    components: { agent: { tree: 'other', virtualenv: 'agent' } },
  };
  expect(crossMistakes({ ...release, accelerators: { cuda: broken } })).toEqual([
    { path: ['accelerators', 'cuda'], message: 'there is no virtualenv "nowhere" to share with' },
    { path: ['accelerators', 'cuda'], message: '"agent" is taken by the release itself' },
    { path: ['accelerators', 'cuda'], message: 'components.agent.tree: there is no tree "other"' },
  ]);
});
