// The native engine under SIGKILL: the same matrix as on Docker over a whole install, and over a start. The built
// program with stand-in components and real servers.
//
// By default a part of each matrix, another one every day; BAI_DEV_TEST_MATRIX=full takes all.
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StatusResult, StatusRow } from '../../src/operations/status.ts';
import { sharedCache } from '../halfstack/native.ts';
import { addStandInDaemons } from '../rig/daemons.ts';
import { carrying } from '../rig/household.ts';
import { belongings, difference, type Snapshot } from '../rig/inventory.ts';
import type { Ended, Home, Start } from '../rig/program.ts';
import { requires } from '../rig/require.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { endState, recordOf } from '../rig/state.ts';

const needed = requires('network', 'pyenv');
const full = process.env['BAI_DEV_TEST_MATRIX'] === 'full';
const today = Math.floor(Date.now() / 86_400_000);
/** One of so many is taken, where not all are. */
const share = <T>(all: readonly T[], part: number): readonly T[] =>
  all.filter((_, at) => full || at % part === today % part);

describe.skipIf(needed.skip)(needed.title('the native engine under SIGKILL'), { timeout: 180_000 }, () => {
  const daemons = ['manager', 'storage-proxy', 'webserver'];
  const servers = ['postgres', 'redis', 'etcd'];
  const ids: string[] = [];
  let stage: Stage;
  let home: Home;

  const fresh = (name: string): string => {
    const id = stage.id(name);
    ids.push(id);
    return id;
  };
  const run = (args: readonly string[], more?: Partial<Start>): Promise<Ended> =>
    stage.run(home, args, { limit: 100, ...more });
  const install = (id: string, more?: Partial<Start>): Promise<Ended> =>
    run(
      stage.install(id).map((word) => (word === 'docker' ? 'native' : word)),
      more,
    );
  const done = async <T>(...args: readonly string[]): Promise<T> => {
    const ended = await run(args);
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    return ended.envelope?.result as T;
  };
  const rows = async (id: string): Promise<readonly StatusRow[]> =>
    (await done<StatusResult>('status', id)).rows.filter(
      ({ name }) => name !== 'wsproxy' && name !== 'agent',
    );

  beforeAll(async () => {
    stage = await openStage();
    addStandInDaemons(stage.program);
    home = stage.home({ DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    // tens of megabytes, which all tests of a user share
    for (const folder of [home.cache, join(sharedCache, 'servers')]) mkdirSync(folder, { recursive: true });
    symlinkSync(join(sharedCache, 'servers'), join(home.cache, 'servers'));
  }, 60_000);
  afterAll(async () => {
    for (const id of ids) await run(['delete', '-e', id, '--yes', '--no-snapshot']);
    await stage.close();
  }, 120_000);

  describe('at every step of an install', () => {
    const points = ['started', 'child', 'effect'] as const;
    const calm = { steps: [] as readonly string[], state: new Map() as Snapshot };

    beforeAll(async () => {
      const id = fresh('calm');
      const ended = await install(id);
      expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
      calm.state = endState(home, id);
      calm.steps = Object.keys(recordOf(home, id)?.marks ?? {});
      await done('delete', '-e', id, '--yes', '--no-snapshot');
    }, 180_000);

    it('ends as an undisturbed install, and goes without a trace', { timeout: 1_200_000 }, async () => {
      const before = belongings(home);
      const steps = share(calm.steps, 4);
      expect(steps.length).toBeGreaterThan(2);
      for (const step of steps) {
        const id = fresh('kill');
        // one environment is killed at all points, one after the other
        for (const point of points) {
          const killed = await install(id, { kill: `${step}:${point}` });
          expect(killed.signal, `${step}:${point}: ${killed.stdout}${killed.stderr}`).toBe('SIGKILL');
        }
        const marks = recordOf(home, id)?.marks ?? {};
        const ended = await install(id);
        expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
        const twice = ended.lines
          .filter(({ kind, outcome }) => kind === 'step-ended' && outcome === 'done')
          .filter(({ step: name }) => marks[String(name)]?.state === 'done');
        expect(twice, `done twice after ${step}`).toEqual([]);
        expect(difference(calm.state, endState(home, id)), step).toEqual([]);
        await done('delete', '-e', id, '--yes', '--no-snapshot');
        expect(difference(before, belongings(home)), step).toEqual([]);
      }
    });

    it('can be deleted from there', { timeout: 1_200_000 }, async () => {
      const before = belongings(home);
      const cases = calm.steps.flatMap((step) => points.map((point) => `${step}:${point}`));
      for (const kill of share(cases, 12)) {
        const id = fresh('back');
        expect((await install(id, { kill })).signal, kill).toBe('SIGKILL');
        await done('delete', '-e', id, '--yes', '--no-snapshot');
        expect(difference(before, belongings(home)), kill).toEqual([]);
      }
    });
  });

  describe('at every stage of a start', () => {
    let id: string;
    let seconds: number;
    beforeAll(async () => {
      id = fresh('start');
      const ended = await install(id);
      expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
      await done('stop', id);
      seconds = (await done<{ seconds: number }>('start', id)).seconds;
    }, 180_000);

    const allReady = async (told: string): Promise<void> => {
      const states = (await rows(id)).map(({ name, state }) => [name, state]);
      expect(states, told).toEqual([...servers, ...daemons].map((name) => [name, 'ready']));
      for (const name of daemons) expect(carrying(id, name), `${told}: ${name}`).toHaveLength(1);
    };
    const noneLeft = async (told: string): Promise<void> => {
      await done('stop', id);
      expect(carrying(id), told).toEqual([]);
      const states = (await rows(id)).map(({ name, state }) => [name, state]);
      expect(states, told).toEqual([...servers, ...daemons].map((name) => [name, 'stopped']));
    };
    const kill = async (name: string): Promise<void> => {
      const pid = (await rows(id)).find((row) => row.name === name)?.pid;
      if (pid === undefined) return;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it went just now
      }
    };
    /** From nothing to a killed start: in the midst of the servers, before the nth daemon is entered, or at its end. */
    const stages = ['servers', 'record:1', 'record:2', 'record:3', 'end'];
    const killedStart = async (stageName: string): Promise<void> => {
      const where: Partial<Start> = stageName.startsWith('record:')
        ? { kill: stageName }
        : { limit: stageName === 'end' ? 100 : seconds / 5 };
      const ended = await run(['start', id], where);
      expect(ended.exit, ended.stdout + ended.stderr).toBe(stageName === 'end' ? 0 : undefined);
    };
    const cases = stages.flatMap((stageName) =>
      ['nobody', ...daemons, ...servers].map((victim) => ({ stageName, victim })),
    );

    it.each(share(cases, 6))('killed at $stageName, then $victim', async ({ stageName, victim }) => {
      const told = `${stageName}, ${victim}`;
      await noneLeft(told);
      await killedStart(stageName);
      await kill(victim);
      await done('start', id);
      await allReady(told);
      await noneLeft(told);
    });

    it('answers after twenty rounds of chance, and then nothing is left', { timeout: 400_000 }, async () => {
      for (let round = 0; round < 20; round += 1) {
        const part = Math.random() * 1.2 * seconds;
        await run(['start', id], { limit: part });
        const victim = [...daemons, ...servers][Math.floor(Math.random() * 6)]!;
        await kill(victim);
        await sleep(Math.random() * 200);
        if (round % 3 === 0) await noneLeft(`round ${round}, killed after ${part} s, then ${victim}`);
        await done('start', id);
        await allReady(`round ${round}, killed after ${part} s, then ${victim}`);
      }
      await noneLeft('at the end');
      expect(recordOf(home, id)!.resources.filter(({ kind }) => kind === 'process')).toEqual([]);
    });
  });
});
