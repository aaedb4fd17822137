import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import {
  carrying,
  commandOf,
  endProcesses,
  processFacts,
  processStart,
  thisMachine,
} from '../../src/host/proc.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(file: string, args: string[] = [], variables: Record<string, string> = {}): ChildProcess {
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...variables },
  });
  children.push(child);
  return child;
}

describe('a process', () => {
  test('is known by its start, as long as it lives', async () => {
    const child = start('sleep', ['60']);
    const began = await processStart(child.pid!);
    expect(began).toBeDefined();
    await sleep(30);
    expect(await processStart(child.pid!)).toBe(began);
    expect(began).not.toBe(await processStart(process.ppid));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await processStart(child.pid!)).toBeUndefined();
    expect(await processFacts(child.pid!)).toBeUndefined();
  });

  test('that ended and was not waited for (a zombie) has ended', async () => {
    const parent = start('python3', [
      '-c',
      `import os, time
pid = os.fork()
if pid == 0: os._exit(0)
print(pid, flush=True)
time.sleep(60)`,
    ]);
    const [output] = (await once(parent.stdout!, 'data')) as [Buffer];
    const zombie = Number(output.toString());
    await expect.poll(() => processStart(zombie)).toBeUndefined();
    expect(() => process.kill(zombie, 0)).not.toThrow();
  });

  test('whose name holds brackets and spaces is read right', async () => {
    const child = start('python3', [
      '-c',
      `import ctypes, time
ctypes.CDLL(None).prctl(15, b'a) R (b c', 0, 0, 0)
print('named', flush=True)
time.sleep(60)`,
    ]);
    await once(child.stdout!, 'data');
    expect(await processStart(child.pid!)).toMatch(/^\d+$/);
  });

  test('tells its command, user and start', async () => {
    const child = start('sleep', ['61']);
    await expect.poll(() => commandOf(child.pid!)).toBe('sleep 61');
    const facts = await processFacts(child.pid!);
    expect(facts?.user).not.toBe('');
    expect(Math.abs(Date.now() - Date.parse(facts?.since ?? ''))).toBeLessThan(60_000);
  });
});

describe('what carries a variable', () => {
  test('is found with its children, but not what carries another value or a longer one', async () => {
    const value = randomBytes(4).toString('hex');
    const parent = start('sh', ['-c', 'sleep 62 & echo $!; wait'], { BAI_DEV_TEST: value });
    const [output] = (await once(parent.stdout!, 'data')) as [Buffer];
    start('sleep', ['62'], { BAI_DEV_TEST: `${value}0` });
    start('sleep', ['62'], { MY_BAI_DEV_TEST: value });
    const found = await carrying('BAI_DEV_TEST', value);
    expect(found.sort()).toEqual([parent.pid!, Number(output.toString())].sort());
    expect(await endProcesses(found)).toEqual([]);
    expect(await carrying('BAI_DEV_TEST', value)).toEqual([]);
  });

  test('is never this process or one that it descends from', async () => {
    expect(await carrying('PATH', process.env['PATH'] ?? '')).not.toContain(process.pid);
    expect(await carrying('PATH', process.env['PATH'] ?? '')).not.toContain(process.ppid);
  });
});

describe('ending', () => {
  test('asks first, and a process that cleans up may do so', async () => {
    const child = start('sh', [
      '-c',
      'trap "echo cleaned; exit 7" TERM; echo ready; while :; do sleep 0.05; done',
    ]);
    await once(child.stdout!, 'data');
    const exit = once(child, 'exit');
    expect(await endProcesses([child.pid!])).toEqual([]);
    expect(await exit).toEqual([7, null]);
  });

  test('of nothing, and of what is gone already, is nothing', async () => {
    const child = start('true');
    await once(child, 'exit');
    expect(await endProcesses([])).toEqual([]);
    expect(await endProcesses([child.pid!])).toEqual([]);
  });
});

test('a machine is the same each time it is asked', async () => {
  const machine = await thisMachine();
  expect(machine).toEqual(await thisMachine());
  expect(machine.boot).not.toBe('');
});
