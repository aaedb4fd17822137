// The real Backend.AI 21.03 from PyPI, on a real Docker engine; and the kill matrix over its whole plan.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import { difference, type Snapshot } from '../rig/inventory.ts';
import { requires } from '../rig/require.ts';
import { freeBase } from '../rig/stage.ts';
import { endState, recordOf } from '../rig/state.ts';
import { workStates } from '../rig/work.ts';
import { checkRelease } from './checks.ts';
import { killChanges } from './changes.ts';
import { openRelease, type RealRelease } from './environment.ts';

const points = ['started', 'child', 'effect'] as const;
const full = process.env['BAI_DEV_TEST_MATRIX'] === 'full';
/** The matrix runs on the native engine when a person says so by hand; in CI it does on stand-in components. */
const engine = process.env['BAI_DEV_TEST_ENGINE'] === 'native' ? 'native' : 'docker';
const needed = requires(...(engine === 'docker' ? (['docker'] as const) : []), 'network', 'pyenv');
const repositories = process.env['BAI_DEV_TEST_REPOSITORIES'];
const sixth = 6;
const today = Math.floor(Date.now() / 86_400_000);

describe.skipIf(needed.skip)(needed.title('21.03 for real'), { timeout: 120_000 }, () => {
  let release: RealRelease;
  beforeAll(() => {
    release = openRelease('21.03', { engine, ownCache: true });
  });
  // its own cache goes with it, some gigabyte
  afterAll(() => release.close(), 180_000);

  describe('an environment', () => {
    // of the states of work one a day
    const work = workStates.filter((_, at) => full || at === today % workStates.length);
    checkRelease({ opened: () => release, version: '21.03.32', agent: engine === 'docker', work });
  });

  describe('the kill matrix', () => {
    const calm = { id: '', steps: [] as readonly string[], state: new Map() as Snapshot };

    beforeAll(async () => {
      const id = release.id('calm');
      await release.install(id);
      calm.id = id;
      calm.state = endState(release.home, id);
      calm.steps = Object.keys(recordOf(release.home, id)?.marks ?? {});
    }, 620_000);

    // By default of ports alone, one step of it a day; BAI_DEV_TEST_MATRIX=full adds a plugin and kills every step. With
    // the folder of upstream's repositories in BAI_DEV_TEST_REPOSITORIES it is the mock, and another ref of the manager.
    it('of a change, there and back', { timeout: 3_600_000 }, async () => {
      const { id } = calm;
      const run = async (...args: readonly string[]): Promise<void> => {
        const ended = await release.run(args);
        expect(ended.exit, ended.stdout).toBe(0);
      };
      const base = recordOf(release.home, id)?.spec.portBase ?? 0;
      const there = ['--ports', String(freeBase([base]))];
      const back = ['--ports', String(base)];
      if (full) {
        there.push(repositories === undefined ? '--enable-cuda' : '--enable-cuda-mock');
        back.push('--no-cuda');
      }
      if (full && repositories !== undefined) {
        const place = ['--repositories', repositories];
        await run('install', '-e', id, '--change', '--yes', '--source', 'manager=git', ...place);
        there.push('--ref', 'manager=21.03.30', ...place);
        back.push('--ref', 'manager=21.03');
      }
      const chosen = (due: readonly string[]): readonly string[] =>
        full ? due : due.filter((_, at) => at === today % due.length);
      await killChanges({ release, id, there, back, chosen });
      await run('delete', '-e', id, '--yes', '--no-snapshot');
    });

    // An environment is killed at all points of a step, one after the other: each run goes on from where the one
    // before was killed. By default a sixth of the steps, others every day; BAI_DEV_TEST_MATRIX=full takes all.
    it('ends as an undisturbed install', { timeout: 3_600_000 }, async () => {
      const steps = calm.steps.filter((_, at) => full || at % sixth === today % sixth);
      expect(steps.length).toBeGreaterThan(3);
      for (const step of steps) {
        const id = release.id('kill');
        for (const point of points) {
          const killed = await release.run(release.installing(id), { kill: `${step}:${point}`, limit: 300 });
          expect(killed.signal, `${step}:${point}: ${killed.stdout.slice(-2000)}`).toBe('SIGKILL');
          expect(recordOf(release.home, id)?.marks[step]?.state, `${step}:${point}`).not.toBe('done');
        }
        const done = doneSteps(recordOf(release.home, id));
        const { lines } = await release.install(id);
        const again = lines
          .filter(({ kind, outcome }) => kind === 'step-ended' && outcome === 'done')
          .map(({ step: name }) => String(name));
        expect(
          again.filter((name) => done.includes(name)),
          `done twice after ${step}`,
        ).toEqual([]);
        expect(difference(calm.state, endState(release.home, id)), step).toEqual([]);
        const deleted = await release.run(['delete', '-e', id, '--yes', '--no-snapshot']);
        expect(deleted.exit, deleted.stdout).toBe(0);
        process.stderr.write(`survived at three points: ${step}\n`);
      }
    });
  });
});

function doneSteps(record: EnvironmentRecord | undefined): readonly string[] {
  return Object.entries(record?.marks ?? {}).flatMap(([name, { state }]) => (state === 'done' ? [name] : []));
}
