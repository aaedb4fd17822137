import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acquireLock, lockHolder, type Holder } from '../../src/environment/lock.ts';
import { Failure } from '../../src/failure.ts';
import { processStart, thisMachine } from '../../src/host/proc.ts';
import { requires } from '../rig/require.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

const needed = requires('root');

let box: Sandbox;
let path: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  box = sandbox();
  path = join(box.world.host.folders.state, 'environments', 'one', 'lock');
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  box.remove();
});

describe('a lock', () => {
  test('names who holds it, and is gone with its empty folders after the release', async () => {
    const lock = await acquireLock(box.world, path, { command: 'install -e one' });
    expect(await lockHolder(path)).toMatchObject({ pid: process.pid, command: 'install -e one' });
    const error = await failureOf(acquireLock(box.world, path, { command: 'delete -e one' }));
    expect(error.code).toBe('BAI-LOCKED');
    expect(error.message).toContain('install -e one');
    expect(error.message).toContain(String(process.pid));
    await lock.release();
    await lock.release();
    expect(await lockHolder(path)).toBeUndefined();
    expect(existsSync(box.world.host.folders.state)).toBe(false);
  });

  test('leaves a folder alone in which something else lies', async () => {
    const lock = await acquireLock(box.world, path, { command: 'x' });
    writeFileSync(join(path, '../record.json'), '{}');
    await lock.release();
    expect(readdirSync(join(path, '..'))).toEqual(['record.json']);
  });

  test('is waited for', async () => {
    const first = await acquireLock(box.world, path, { command: 'first' });
    const second = acquireLock(box.world, path, { command: 'second', waitSeconds: 20 });
    await sleep(100);
    await first.release();
    const lock = await second;
    expect((await lockHolder(path))?.command).toBe('second');
    await lock.release();
  });

  test('is not waited for after an interrupt', async () => {
    const first = await acquireLock(box.world, path, { command: 'first' });
    const second = acquireLock(box.world, path, { command: 'second', waitSeconds: 20 });
    setTimeout(() => box.abort(new Failure('BAI-INTERRUPTED', 'Interrupted.')), 50);
    expect((await failureOf(second)).code).toBe('BAI-INTERRUPTED');
    await first.release();
  });

  test('of a process that ended is taken over with a note', async () => {
    leave({ pid: await endedPid() });
    expect(await lockHolder(path)).toBeUndefined();
    const lock = await acquireLock(box.world, path, { command: 'second' });
    expect(box.events).toMatchObject([
      { kind: 'note', message: expect.stringContaining('killed run') as string },
    ]);
    expect(readdirSync(join(path, '..'))).toEqual(['lock']);
    await lock.release();
  });

  test('of a process whose ID another one has now is taken over', async () => {
    leave({ pid: process.pid, started: '1' });
    await (await acquireLock(box.world, path, { command: 'second' })).release();
    expect(box.events).toHaveLength(1);
  });

  test('of a machine that was started anew since is taken over', async () => {
    const { name, namespace } = await thisMachine();
    leave({
      pid: process.pid,
      started: (await processStart(process.pid))!,
      machine: { name, namespace, boot: 'x' },
    });
    await (await acquireLock(box.world, path, { command: 'second' })).release();
    expect(box.events).toHaveLength(1);
  });

  test('of another machine or container is not taken over: nobody here can tell whether its owner lives', async () => {
    const here = await thisMachine();
    for (const machine of [
      { ...here, name: 'elsewhere', boot: 'x' },
      { ...here, namespace: 'pid:[1]' },
    ]) {
      leave({ pid: await endedPid(), machine });
      const error = await failureOf(acquireLock(box.world, path, { command: 'second' }));
      expect(error.code).toBe('BAI-LOCKED');
      expect(error.more.next?.map(({ command }) => command)).toContain(`rm ${JSON.stringify(path)}`);
    }
  });

  test.skipIf(needed.skip)(
    needed.title('of a killed process in another pid namespace is taken over, and of a living one is not'),
    async () => {
      const program = join(box.folder, 'contender.mjs');
      await bundleContender(program);
      const state = join(box.folder, 'elsewhere');
      const file = join(state, 'lock');
      const hold = ['--pid', '--fork', '--mount-proc', '--kill-child', process.execPath, program];
      const child = run('unshare', [...hold, state, box.folder, 'hold'], {});
      for (const until = Date.now() + 20_000; !existsSync(file) && Date.now() < until;) await sleep(20);
      const own = JSON.parse(readFileSync(file, 'utf8')) as Holder;
      expect(own.machine.namespace).not.toBe((await thisMachine()).namespace);
      expect((await failureOf(acquireLock(box.world, file, { command: 'second' }))).code).toBe('BAI-LOCKED');
      child.kill('SIGKILL');
      const lock = await acquireLock(box.world, file, { command: 'second', waitSeconds: 20 });
      expect(box.events).toMatchObject([{ kind: 'note' }]);
      expect((await lockHolder(file))?.command).toBe('second');
      await lock.release();
      expect(existsSync(file)).toBe(false);
    },
    60_000,
  );

  test.each(['', '{', '{"pid": 1}'])('with the broken content %j is taken over', async (content) => {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content);
    await (await acquireLock(box.world, path, { command: 'second' })).release();
    expect(existsSync(path)).toBe(false);
  });

  test('that is a symbolic link is refused', async () => {
    mkdirSync(join(path, '..'), { recursive: true });
    symlinkSync('/etc/hostname', path);
    expect((await failureOf(acquireLock(box.world, path, { command: 'x' }))).code).toBe('BAI-FILESYSTEM');
  });
});

describe('what a killed run left behind', () => {
  test('has ended when its lock was taken over, also what escaped its process group and ignores SIGTERM', async () => {
    const script = `setsid sh -c 'trap "" TERM; echo $$; while :; do sleep 0.1; done' & wait`;
    const child = run('sh', ['-c', script], { BAI_DEV_RUN: 'cafe01' });
    const [output] = (await once(child.stdout!, 'data')) as [Buffer];
    const pid = Number(output.toString());
    expect(await processStart(pid)).toBeDefined();
    leave({ pid: await endedPid(), run: 'cafe01' });
    const lock = await acquireLock(box.world, path, { command: 'second' });
    expect(await processStart(pid)).toBeUndefined();
    expect(await processStart(child.pid!)).toBeUndefined();
    await lock.release();
  });

  test('is found by the next one too, if who took over is killed meanwhile', async () => {
    const child = run('sleep', ['60'], { BAI_DEV_RUN: 'cafe02' });
    leave({ pid: await endedPid(), run: 'cafe02' });
    const dead = readFileSync(path, 'utf8');
    const { hashOf } = await import('../../src/host/files.ts');
    writeFileSync(
      `${path}.${hashOf(dead).slice(0, 16)}`,
      JSON.stringify(await holder({ pid: await endedPid() })),
    );
    writeFileSync(`${path}.${await endedPid()}.abcd.new`, '{"pi');
    writeFileSync(join(path, `../.record.json.${await endedPid()}.0.partial`), '{"sch');
    writeFileSync(join(path, `../.restore.json.${await endedPid()}.a0b1.partial`), '{"sch');
    const lock = await acquireLock(box.world, path, { command: 'third' });
    expect(await processStart(child.pid!)).toBeUndefined();
    expect(readdirSync(join(path, '..'))).toEqual(['lock']);
    await lock.release();
  });

  test('is not this process itself, nor one that it descends from', async () => {
    leave({ pid: await endedPid(), run: box.world.marks['BAI_DEV_RUN']! });
    await (await acquireLock(box.world, path, { command: 'second' })).release();
    expect(box.events).toHaveLength(1);
  });
});

test('24 processes that are killed at random are never inside together and leave nothing behind', async () => {
  const program = join(box.folder, 'contender.mjs');
  await bundleContender(program);
  const rounds = 10;
  const state = join(box.folder, 'state');
  const contend = () => {
    const child = run(process.execPath, [program, state, box.folder, String(rounds)], {});
    return { child, ended: once(child, 'exit') as Promise<[number | null, string | null]> };
  };
  const all = Array.from({ length: 24 }, contend);
  let killed = 0;
  while (killed < 20) {
    await sleep(60 + Math.random() * 60);
    const alive = all.filter(({ child }) => child.exitCode === null && child.signalCode === null);
    if (alive.length === 0) break;
    // its holder as often as any other: there it hurts most
    const holding = alive.find(({ child }) => child.pid === holderPid(join(state, 'lock')));
    const victim = Math.random() < 0.5 ? holding : alive[Math.floor(Math.random() * alive.length)];
    if (victim === undefined || !existsSync(state)) continue;
    victim.child.kill('SIGKILL');
    all.push(contend());
    killed += 1;
  }
  await Promise.all(all.map(({ ended }) => ended));
  expect(killed).toBeGreaterThan(5);
  const names = readdirSync(box.folder);
  expect(names.filter((name) => name.startsWith('double'))).toEqual([]);
  const whole = all.filter(({ child }) => child.exitCode === 0);
  expect(whole.length).toBeGreaterThanOrEqual(24);
  for (const { child } of whole) {
    expect(names.filter((name) => name.startsWith(`done-${child.pid!}-`))).toHaveLength(rounds);
  }
  // what the very last ones that were killed left is found by the next
  const { world } = box;
  const home = { ...world, host: { ...world.host, folders: { state, cache: state, config: state } } };
  await (await acquireLock(home, join(state, 'lock'), { command: 'last' })).release();
  expect(existsSync(state)).toBe(false);
}, 300_000);

async function bundleContender(outfile: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('contender.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
}

async function holder(change: Partial<Holder>): Promise<Holder> {
  const machine = await thisMachine();
  const since = '2026-01-01T00:00:00Z';
  return { pid: 1, started: '5', machine, command: 'killed run', since, run: 'none', token: '1', ...change };
}

/** Puts a lock there as a killed run would have left it. */
function leave(change: Partial<Holder> & { pid: number }): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, JSON.stringify({ ...template, ...change }));
}

const template = await holder({});

function holderPid(file: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as Holder).pid;
  } catch {
    return undefined;
  }
}

/** The ID of a process that was there and is not any more. */
async function endedPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid!;
}

function run(file: string, args: string[], variables: Record<string, string>): ChildProcess {
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...variables },
  });
  children.push(child);
  return child;
}

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Failure);
  return error as Failure;
}
