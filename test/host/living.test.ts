// What the system tells of living processes, also after what they use was removed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  carries,
  livingIn,
  livingInEach,
  runningFrom,
  signalLiving,
  standsIn,
  waitForEnd,
} from '../../src/host/living.ts';
import { processStart } from '../../src/host/proc.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
const endings: (() => void)[] = [];
beforeEach(() => {
  box = sandbox();
});
afterEach(() => {
  for (const end of endings.splice(0)) end();
  box.remove();
});

async function sleeper(folder: string, program = 'sleep'): Promise<number> {
  const child = spawn(program, ['300'], {
    cwd: folder,
    stdio: 'ignore',
    env: { COLOUR: 'blue', PATH: process.env['PATH'] },
  });
  await once(child, 'spawn');
  endings.push(() => child.kill('SIGKILL'));
  return child.pid!;
}

function folder(name: string): string {
  const path = join(box.folder, name);
  mkdirSync(path);
  return path;
}

test('whoever stands in a folder is found, the oldest first, through links as well', async () => {
  const [a, b] = [folder('a'), folder('b')];
  const first = await sleeper(a);
  const second = await sleeper(a);
  symlinkSync(a, join(box.folder, 'link'));
  expect((await livingIn(a)).map(({ pid }) => pid)).toEqual([first, second]);
  expect((await livingIn(join(box.folder, 'link'))).map(({ pid }) => pid)).toEqual([first, second]);
  expect([...(await livingInEach([a, b])).keys()]).toEqual([a]);
  expect(await standsIn(first)).toBe(a);
  expect([await carries(first, 'COLOUR', 'blue'), await carries(first, 'COLOUR', 'blu')]).toEqual([
    true,
    false,
  ]);
});

test('they are still known when folder and program are gone', async () => {
  const a = folder('a');
  const program = join(box.folder, 'server');
  copyFileSync(realpathSync('/bin/sleep'), program);
  const pid = await sleeper(a, program);
  const before = await livingIn(a);
  rmSync(a, { recursive: true });
  rmSync(program);
  expect(await livingIn(a)).toEqual(before);
  expect(before).toEqual([{ pid, started: await processStart(pid), command: `${program} 300`, program }]);
});

test('a signal reaches that very process only, and its end is waited for', async () => {
  const pid = await sleeper(box.folder);
  const started = (await processStart(pid))!;
  expect(await signalLiving({ pid, started: '1' }, 'SIGTERM')).toBe(false);
  expect(await waitForEnd([{ pid, started }], 0.05)).toEqual([{ pid, started }]);
  expect(await signalLiving({ pid, started }, 'SIGTERM')).toBe(true);
  expect(await waitForEnd([{ pid, started }], 10)).toEqual([]);
  expect(await signalLiving({ pid, started }, 'SIGTERM')).toBe(false);
});

test('whoever runs a program of a virtualenv, or Python with it activated, is found; whoever stands in it is not', async () => {
  const virtualenv = folder('venv');
  mkdirSync(join(virtualenv, 'bin'));
  const own = join(virtualenv, 'bin/tool');
  const python = join(box.folder, 'python3.9');
  for (const copy of [own, python]) copyFileSync(realpathSync('/bin/sleep'), copy);
  const started = (program: string, variables: Record<string, string>): number => {
    const child = spawn(program, ['300'], { cwd: virtualenv, stdio: 'ignore', env: variables });
    endings.push(() => child.kill('SIGKILL'));
    return child.pid!;
  };
  const wanted = [started(own, {}), started(python, { VIRTUAL_ENV: virtualenv })];
  started('/bin/sleep', { VIRTUAL_ENV: virtualenv });
  started(python, {});
  const found = async (): Promise<number[]> => (await runningFrom([virtualenv])).map(({ pid }) => pid);
  await expect.poll(found).toEqual(wanted.sort((a, b) => a - b));
});
