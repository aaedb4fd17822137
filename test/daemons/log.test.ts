// The log of a daemon: rotated at a start, read without colours, and its last complaint.
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lastErrorLine, noteStop, openLog, plainLines, rotateLog } from '../../src/daemons/log.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let path: string;
beforeEach(() => {
  box = sandbox();
  path = join(box.folder, 'logs/manager.log');
});
afterEach(() => box.remove());

function write(text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

it('makes its folder, and keeps the three before it', async () => {
  await rotateLog(path);
  for (const round of ['1', '2', '3', '4', '5']) {
    writeFileSync(path, round);
    await rotateLog(path);
  }
  const kept = await Promise.all(['', '.1', '.2', '.3', '.4'].map((end) => plainLines(path + end, 1)));
  expect(kept).toEqual([[], ['5'], ['4'], ['3'], []]);
});

it('does not push out an old log for one that holds nothing', async () => {
  write('');
  writeFileSync(`${path}.1`, 'worth keeping');
  await rotateLog(path);
  expect(await plainLines(`${path}.1`, 1)).toEqual(['worth keeping']);
});

it('has no colours', async () => {
  write('\u001b[32mINFO\u001b[0m all is \u001b[1mwell\u001b[0m\n');
  expect(await plainLines(path, 1)).toEqual(['INFO all is well']);
});

it('does not take for a complaint what was written once it was stopped', async () => {
  write('2021 ERROR x [1] first\n');
  await noteStop(path);
  const end = '2021 ERROR x [1] second\nValueError: Cannot invoke RPC: Channel closed!\n';
  writeFileSync(path, end, { flag: 'a' });
  // stopped again
  await noteStop(path);
  expect(await lastErrorLine(path)).toBe('2021 ERROR x [1] first');
  await rotateLog(path);
  write(end);
  expect(await lastErrorLine(path)).toBe('ValueError: Cannot invoke RPC: Channel closed!');
});

it.each([
  [
    'INFO fine\n2021 \u001b[31mERROR\u001b[0m x [1] first\n2021 ERROR x [1] second\nINFO fine\n',
    '2021 ERROR x [1] second',
  ],
  [
    "Traceback (most recent call last):\n  File 'x'\nasyncio.exceptions.TimeoutError\nINFO on\n",
    'asyncio.exceptions.TimeoutError',
  ],
  ["KeyError: 'getpwuid(): uid not found: 7'\n", "KeyError: 'getpwuid(): uid not found: 7'"],
  ["2026-11-26 03:15:32.924 DEBUG x [1] {'status': 'PENDING,RUNNING,ERROR'}\nINFO ERROR\n", undefined],
  ['INFO no ERRORS here\nDEBUG TimeoutError was caught\n', undefined],
  ['', undefined],
])('finds the last complaint of %j', async (text, line) => {
  write(text);
  expect(await lastErrorLine(path)).toBe(line);
});

it('is for this user alone, whatever the umask of whoever writes it', async () => {
  await openLog(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  writeFileSync(path, 'said');
  await openLog(path);
  expect(await plainLines(path, 1)).toEqual(['said']);
});

it('is shown without what is masked', async () => {
  write('ERROR password secret\n');
  const mask = (line: string): string => line.replace('secret', '•••');
  expect(await lastErrorLine(path, mask)).toBe('ERROR password •••');
});
