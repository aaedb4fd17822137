// The kill matrix: SIGKILL at three points of every step of the plan, then the same command again: the same end as
// an undisturbed install, nothing made twice. And from each half-made state there is a way back.
//
// By default every step is killed at one of its points, another one every day; BAI_DEV_TEST_MATRIX=full kills it
// at all of them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { belongings, difference, dockerThings, type Snapshot } from '../rig/inventory.ts';
import type { Home } from '../rig/program.ts';
import { requires } from '../rig/require.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { endState, identities, recordOf } from '../rig/state.ts';

const needed = requires('docker', 'network', 'pyenv');
const points = ['started', 'child', 'effect'] as const;
const full = process.env['BAI_DEV_TEST_MATRIX'] === 'full';
const today = Math.floor(Date.now() / 86_400_000);

/** All steps of the stand-in release's plan; a test below compares them with what the program plans. */
const steps = [
  'folders:install',
  'folders:marker',
  'source:manager',
  'source:common',
  'source:client-py',
  'python:uv',
  'virtualenv:manager',
  'virtualenv:common',
  'virtualenv:client',
  'halfstack:images',
  'halfstack:compose',
  'halfstack:up',
  'configure:manager',
  'client:environment',
  'etcd:fill',
  'database:schema',
  'database:fixtures',
];
const cases = steps.flatMap((step, at) =>
  points
    .filter((_, which) => full || which === (at + today) % points.length)
    .map((point) => ({ step, point })),
);

describe.skipIf(needed.skip)(needed.title('kill matrix'), { timeout: 180_000 }, () => {
  let stage: Stage;
  let home: Home;
  let undisturbed: Snapshot;
  let planned: readonly string[];

  beforeAll(async () => {
    stage = await openStage();
    home = stage.home();
    const id = stage.id('calm');
    const ended = await stage.run(home, stage.install(id), { limit: 110 });
    if (ended.exit !== 0) throw new Error(ended.stdout + ended.stderr);
    undisturbed = endState(home, id);
    planned = Object.keys(recordOf(home, id)?.marks ?? {});
    await stage.run(home, ['delete', '-e', id, '--yes', '--no-snapshot']);
  }, 180_000);

  afterAll(async () => {
    await stage.close();
  });

  it('names every step of the plan', () => {
    expect([...steps].sort()).toEqual([...planned].sort());
  });

  it.each(cases)('$step, killed at $point, goes on to the same end', async ({ step, point }) => {
    const id = stage.id('kill');
    const before = belongings(home);
    const killed = await stage.run(home, stage.install(id), { kill: `${step}:${point}`, limit: 110 });
    expect(killed.signal, killed.stdout + killed.stderr).toBe('SIGKILL');
    const record = recordOf(home, id);
    if (record === undefined) throw new Error('the killed run left no record');
    const done = Object.keys(record.marks).filter((name) => record.marks[name]?.state === 'done');
    expect(done).not.toContain(step);
    const made = identities(record);

    const ended = await stage.run(home, stage.install(id), { limit: 110 });
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    expect(difference(undisturbed, endState(home, id))).toEqual([]);
    const again = ended.lines
      .filter((line) => line['kind'] === 'step-ended' && line['outcome'] === 'done')
      .map((line) => String(line['step']));
    expect(again.filter((name) => done.includes(name))).toEqual([]);
    if (point === 'effect') expect(remade(step, made, identities(recordOf(home, id) ?? record))).toEqual([]);

    const deleted = await stage.run(home, ['delete', '-e', id, '--yes', '--no-snapshot']);
    expect(deleted.exit, deleted.stdout + deleted.stderr).toBe(0);
    expect(difference(before, belongings(home))).toEqual([]);
  });

  it.each(cases)('$step, killed at $point, can be deleted', async ({ step, point }) => {
    const id = stage.id('back');
    const before = belongings(home);
    const killed = await stage.run(home, stage.install(id), { kill: `${step}:${point}`, limit: 110 });
    expect(killed.signal, killed.stdout + killed.stderr).toBe('SIGKILL');
    const deleted = await stage.run(home, ['delete', '-e', id, '--yes', '--no-snapshot']);
    expect(deleted.exit, deleted.stdout + deleted.stderr).toBe(0);
    expect(dockerThings(id)).toEqual({ containers: [], volumes: [], networks: [] });
    expect(difference(before, belongings(home))).toEqual([]);
  });
});

/** Things that the step had made and that have another identity now. */
function remade(step: string, made: Snapshot, now: Snapshot): readonly string[] {
  const [family = '', name = ''] = step.split(':');
  const kind = { source: 'tree', virtualenv: 'virtualenv' }[family];
  if (kind === undefined) return [];
  return difference(made, now).filter((line) => line.startsWith(`changed ${kind} `) && line.includes(name));
}
