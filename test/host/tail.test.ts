// The end of a growing file: its last lines, and everything that is added, once.
import { appendFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileSize, followLines, lastLines, linesOf } from '../../src/host/tail.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let path: string;
beforeEach(() => {
  box = sandbox();
  path = join(box.folder, 'log');
});
afterEach(() => box.remove());

/** Follows into a list until it is told to end. */
function following(lines: AsyncGenerator<string>, controller: AbortController) {
  const seen: string[] = [];
  const ended = (async () => {
    for await (const line of lines) seen.push(line);
  })();
  const until = async (count: number): Promise<void> => {
    while (seen.length < count) await sleep(10);
  };
  const end = async (): Promise<readonly string[]> => {
    controller.abort();
    await ended;
    return seen;
  };
  return { until, end };
}

it('gives the last lines, whole, without the returns of a terminal', async () => {
  writeFileSync(path, 'one\ntwo\r\nthree\nfour');
  expect(await lastLines(path, 2)).toEqual(['three', 'four']);
  expect(await lastLines(path, 9)).toEqual(['one', 'two', 'three', 'four']);
  expect(await lastLines(path, 0)).toEqual([]);
  expect(await fileSize(path)).toBe(19);
});

it('tells an absent file from an empty one', async () => {
  expect(await lastLines(path, 5)).toBeUndefined();
  expect(await fileSize(path)).toBeUndefined();
  writeFileSync(path, '');
  expect(await lastLines(path, 5)).toEqual([]);
});

it('leaves out a line that begins before what it looks at', async () => {
  writeFileSync(path, `${'x'.repeat(300 * 1024)}\nlast\n`);
  expect(await lastLines(path, 5)).toEqual(['last']);
});

it('follows what is added, also in pieces, to a file that comes later', async () => {
  const controller = new AbortController();
  const { until, end } = following(followLines(path, controller.signal), controller);
  await sleep(50);
  writeFileSync(path, 'one\ntw');
  await until(1);
  appendFileSync(path, 'o\nthree\n');
  await until(3);
  expect(await end()).toEqual(['one', 'two', 'three']);
});

it('goes on in the new file when a log is rotated or emptied', async () => {
  writeFileSync(path, 'old\n');
  const controller = new AbortController();
  const { until, end } = following(followLines(path, controller.signal), controller);
  await sleep(50);
  appendFileSync(path, 'before\n');
  await until(1);
  renameSync(path, `${path}.1`);
  writeFileSync(path, 'rotated\n');
  await until(2);
  truncateSync(path);
  await sleep(300);
  appendFileSync(path, 'emptied\n');
  await until(3);
  expect(await end()).toEqual(['before', 'rotated', 'emptied']);
});

it('tells no line twice and leaves none out between the last ones and the new ones', async () => {
  writeFileSync(path, '1\n2\n3\n');
  const controller = new AbortController();
  const lines = linesOf(path, { lines: 2, follow: true, signal: controller.signal });
  const first = await lines.next();
  appendFileSync(path, '4\n');
  const { until, end } = following(lines, controller);
  await until(2);
  expect([first.value, ...(await end())]).toEqual(['2', '3', '4']);
});
