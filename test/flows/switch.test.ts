// Changing over from one environment to another: the built program with stand-in daemons on real halfstacks; also
// when the target does not get well, and when the switch is killed at any of its stages.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { acquireLock } from '../../src/environment/lock.ts';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import type { ListResult, ListRow } from '../../src/operations/list.ts';
import type { SwitchResult } from '../../src/operations/switch.ts';
import { watchedEngine, type WatchedEngine } from '../docker/watched.ts';
import { addStandInDaemons } from '../rig/daemons.ts';
import type { Ended, Home } from '../rig/program.ts';
import { requires } from '../rig/require.ts';
import { holdPort } from '../rig/sockets.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { recordOf } from '../rig/state.ts';
import { sandbox } from '../rig/world.ts';

const needed = requires('docker', 'network', 'pyenv', 'root');
const names = ['manager', 'agent', 'storage-proxy', 'webserver'];

describe.skipIf(needed.skip)(needed.title('switch and list'), { timeout: 150_000 }, () => {
  let stage: Stage;
  let engine: WatchedEngine;
  let home: Home;
  let one: string;
  let two: string;

  beforeAll(async () => {
    stage = await openStage();
    addStandInDaemons(stage.program);
    engine = await watchedEngine(join(stage.program.folder, 'docker.sock'), '/var/run/docker.sock');
    home = stage.home({ DOCKER_HOST: engine.address });
    one = stage.id('one');
    two = stage.id('two');
    for (const id of [one, two]) {
      const ended = await stage.run(home, stage.install(id), { limit: 110 });
      expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    }
    await done('stop', two);
  }, 180_000);

  afterEach(() => {
    for (const id of [one, two]) rmSync(way(id), { force: true });
  });

  afterAll(async () => {
    for (const id of [one, two]) await stage.run(home, ['stop', id]);
    await engine.close();
    await stage.close();
  });

  const run = (...args: readonly string[]): Promise<Ended> => stage.run(home, args, { limit: 70 });
  const way = (id: string): string => join(home.home, 'backend.ai-dev', id, 'manager', 'manager.way');
  const journal = (): boolean => existsSync(join(home.state, 'switch.json'));

  async function done<T>(...args: readonly string[]): Promise<T> {
    const ended = await run(...args);
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    return ended.envelope?.result as T;
  }

  const rowOf = async (id: string): Promise<ListRow> =>
    (await done<ListResult>('list')).environments.find((row) => row.id === id)!;

  /** What runs of both, as reality says it. */
  async function standing(): Promise<Record<string, string>> {
    const { environments } = await done<ListResult>('list');
    return Object.fromEntries(
      environments
        .filter(({ id }) => [one, two].includes(id))
        .map(({ id, halfstack, daemons }) => [
          id === one ? 'one' : 'two',
          [halfstack === 'starting' ? 'up' : halfstack, ...(daemons?.running ?? [])].join(' '),
        ]),
    );
  }

  const bare = 'up';
  const whole = ['up', ...names].join(' ');

  it('changes halfstacks where no daemon runs, and only these', async () => {
    const result = await done<SwitchResult>('switch', two);
    expect(result).toMatchObject({
      outcome: 'switched',
      stopped: [{ id: one, halfstack: true, daemons: [] }],
      started: { halfstack: 'started', daemons: [] },
    });
    expect(await standing()).toEqual({ one: 'stopped', two: bare });
    expect(journal()).toBe(false);
  });

  it('does nothing at all where nothing is to be done', async () => {
    const before = engine.changes();
    expect(before.length).toBeGreaterThan(0);
    const ended = await run('switch', two);
    expect(ended.envelope).toMatchObject({ ok: true, result: { outcome: 'unchanged', stopped: [] } });
    // at the engine's own socket: nothing was asked of it but questions
    expect(engine.changes()).toEqual(before);
    expect(ended.lines.filter(({ kind }) => kind === 'step-started')).toEqual([]);
  });

  it('sees what is just starting, of which nothing runs yet', async () => {
    const box = sandbox();
    const folder = join(home.state, 'environments', one);
    const lock = await acquireLock(box.world, join(folder, 'lock'), { command: `start ${one}` });
    try {
      const ended = await run('switch', two);
      expect(ended.envelope?.failure, ended.stdout).toMatchObject({
        code: 'BAI-LOCKED',
        reason: expect.stringContaining(`start ${one}`) as string,
      });
      expect(await standing()).toEqual({ one: 'stopped', two: bare });
      expect(journal()).toBe(false);
    } finally {
      await lock.release();
      box.remove();
    }
  });

  it('starts daemons when told to, and then takes them along', async () => {
    const first = await done<SwitchResult>('switch', two, '--start');
    expect(first.started?.daemons.map(({ name, outcome }) => [name, outcome])).toEqual(
      names.map((name) => [name, 'started']),
    );
    const ended = await run('switch', one);
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    expect(await standing()).toEqual({ one: whole, two: 'stopped' });
    const begun = ended.lines.filter(({ kind }) => kind === 'step-ended').map(({ step }) => String(step));
    const at = (name: string): number => begun.indexOf(name);
    for (const name of names) expect(at(`${two}:stop:${name}`)).toBeLessThan(at(`${two}:stop:halfstack`));
    expect(at(`${two}:stop:halfstack`)).toBeLessThan(at(`${one}:halfstack:up`));
  });

  const ways: readonly (readonly [name: string, spoil: () => Promise<() => unknown>])[] = [
    ['its port is stolen', async () => (await holdPort(recordOf(home, two)!.spec.ports.redis)).close],
    [
      'an image of it is gone',
      () => {
        const path = join(home.state, 'environments', two, 'record.json');
        const text = readFileSync(path, 'utf8');
        const record = JSON.parse(text) as EnvironmentRecord;
        const images = { ...record.spec.images, 'backendai-half-redis': 'bai-dev-nowhere:1' };
        writeFileSync(path, JSON.stringify({ ...record, spec: { ...record.spec, images } }));
        return Promise.resolve(() => writeFileSync(path, text));
      },
    ],
    [
      'its data folder is read-only',
      () => {
        const format = '{{.Mountpoint}}';
        const data = docker('volume', 'inspect', '--format', format, `${two}_postgres-data`);
        execFileSync('mount', ['--bind', data, data]);
        execFileSync('mount', ['-o', 'remount,bind,ro', data]);
        return Promise.resolve(() => execFileSync('umount', ['-l', data]));
      },
    ],
    [
      'what it runs is broken',
      () => {
        const path = join(home.home, 'backend.ai-dev', two, 'manager', 'standin_daemon.py');
        const text = readFileSync(path);
        writeFileSync(path, 'this is (no Python\n');
        return Promise.resolve(() => writeFileSync(path, text));
      },
    ],
    [
      'it is killed while it starts',
      () => {
        writeFileSync(way(two), 'never');
        const killing = setInterval(() => {
          for (const pid of daemonsOf(two)) kill(pid);
        }, 100);
        return Promise.resolve(() => clearInterval(killing));
      },
    ],
  ];

  it.each(ways)('is what it was before when %s, and tells both', async (_name, spoil) => {
    const mend = await spoil();
    const ended = await run('switch', two);
    await mend();
    expect(ended.exit, ended.stdout + ended.stderr).toBe(7);
    expect(ended.envelope?.failure).toMatchObject({
      code: 'BAI-SWITCH',
      facts: { target: { id: two }, before: [{ id: one, runs: true }] },
    });
    expect(ended.envelope?.failure?.reason).toContain(`${one} runs again`);
    expect(await standing()).toEqual({ one: whole, two: 'stopped' });
    expect(journal()).toBe(false);
  });

  it.each([
    ['before anything stops', 'switch:1'],
    ['when all is stopped', 'switch:2'],
    ['when all is done', 'switch:end'],
  ])('killed %s, is told by list and mended by the next', async (_name, kill) => {
    const killed = await stage.run(home, ['switch', two], { kill, limit: 70 });
    expect(killed.signal, killed.stdout + killed.stderr).toBe('SIGKILL');
    const told = await done<ListResult>('list');
    expect(told.switch).toMatchObject({ target: two, before: [one], working: false });
    expect(told.switch?.next?.map(({ command }) => command)).toEqual([
      `bai-dev switch ${two}`,
      `bai-dev switch ${one}`,
    ]);
    // back, by the second of these
    const result = await done<SwitchResult>('switch', one);
    expect(result.mended).toBe(two);
    expect(await standing()).toEqual({ one: whole, two: 'stopped' });
    expect((await done<ListResult>('list')).switch).toBeUndefined();
  });

  it('killed in the midst of the undoing, is mended by going on', async () => {
    writeFileSync(way(two), 'die');
    const killed = await stage.run(home, ['switch', two], { kill: 'switch:3', limit: 70 });
    expect(killed.signal, killed.stdout + killed.stderr).toBe('SIGKILL');
    rmSync(way(two));
    const result = await done<SwitchResult>('switch', two);
    expect(result.mended).toBe(two);
    expect(await standing()).toEqual({ one: 'stopped', two: whole });
  });

  it('lists them with what is needed to know them by', async () => {
    expect(await rowOf(two)).toMatchObject({
      state: 'ready',
      runs: true,
      release: '99.01',
      path: join(home.home, 'backend.ai-dev', two),
      daemons: { running: names, total: 4 },
    });
    // not waited for by blocking: the engine's socket is ours
    const { stdout } = await promisify(execFile)(process.execPath, [stage.program.bin, 'ls', '-q'], {
      env: home.variables,
    });
    expect(stdout.trim().split('\n')).toEqual([one, two].sort());
  });

  it.each([
    ['an unknown one', () => 'nosuch', 4],
    ['one that is half installed', () => 'half', 5],
  ])('refuses %s and touches nothing', async (_name, id, exit) => {
    const before = await standing();
    const half = stage.id('half');
    if (id() === 'half') {
      const killed = await stage.run(home, stage.install(half), { kill: 'folders:install:effect' });
      expect(killed.signal).toBe('SIGKILL');
      expect(await rowOf(half)).toMatchObject({
        state: 'half installed',
        next: { command: `bai-dev install -e ${half}` },
      });
    }
    const ended = await run('switch', id() === 'half' ? half : id());
    expect(ended.exit, ended.stdout).toBe(exit);
    expect(await standing()).toEqual(before);
  });
});

const docker = (...args: readonly string[]): string =>
  execFileSync('docker', args, { encoding: 'utf8' }).trim();

/** Processes of an environment's daemons. */
function daemonsOf(id: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        const isDaemon = variables.some((one) => one.startsWith('BAI_DEV_DAEMON='));
        return isDaemon && variables.includes(`BAI_DEV_ENVIRONMENT=${id}`);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself since it was looked for
  }
}
