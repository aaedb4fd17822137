import { mkdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashOf } from '../../src/host/files.ts';
import { generatedStep } from '../../src/steps/generated.ts';
import type { Making } from '../../src/steps/making.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { makingIn, perform } from './making.ts';

let box: Sandbox;
let making: Making;
let path: string;
beforeEach(() => {
  box = sandbox();
  making = makingIn(box);
  path = join(box.folder, 'install/sub/file.toml');
});
afterEach(() => box.remove());

const step = (content: string, mode = 0o600) =>
  generatedStep(making, { id: 'x', title: 'X', group: 'X', files: [{ path, content, mode }] });
const warnings = () => box.events.filter((event) => event.kind === 'note' && event.severity === 'warning');

test('an absent file is written, with its mode, and recorded before', async () => {
  const one = step('a = 1\n', 0o640);
  expect(one.makes?.()).toEqual([{ kind: 'file', path, hashes: [hashOf('a = 1\n')] }]);
  expect(await one.check?.()).toBe(false);
  expect(await perform(making, one)).toBe('done');
  expect(readFileSync(path, 'utf8')).toBe('a = 1\n');
  expect(statSync(path).mode & 0o777).toBe(0o640);
  expect(await perform(making, one)).toBe('kept');
});

test('a file that is as it should be is not written again', async () => {
  await perform(making, step('a\n'));
  const then = new Date('2001-01-01');
  utimesSync(path, then, then);
  await step('a\n').run({ signal: box.world.signal, progress: () => undefined, summary: () => undefined });
  expect(statSync(path).mtime).toEqual(then);
});

test('what we once wrote is written anew, also two versions later', async () => {
  await perform(making, step('one\n'));
  await perform(making, step('two\n'));
  expect(readFileSync(path, 'utf8')).toBe('two\n');
  // a record keeps the hashes of all versions, the last entry of a path being the one that counts
  writeFileSync(path, 'one\n');
  await perform(making, step('three\n'));
  expect(readFileSync(path, 'utf8')).toBe('three\n');
  expect(warnings()).toEqual([]);
});

test('an edited file is left alone, with a warning that names it', async () => {
  await perform(making, step('one\n'));
  writeFileSync(path, 'mine\n');
  expect(await step('one\n').check?.()).toBe(true);
  await perform(making, step('two\n')).catch(() => undefined);
  await step('two\n').run({ signal: box.world.signal, progress: () => undefined, summary: () => undefined });
  expect(readFileSync(path, 'utf8')).toBe('mine\n');
  expect(warnings()).toMatchObject([{ message: expect.stringContaining(path) as string }]);
});

test('what lay there before us, and a link, are somebody’s', async () => {
  mkdirSync(join(box.folder, 'install/sub'), { recursive: true });
  writeFileSync(path, 'theirs\n');
  await perform(making, step('ours\n'));
  expect(readFileSync(path, 'utf8')).toBe('theirs\n');
  rmSync(path);
  writeFileSync(join(box.folder, 'elsewhere'), 'ours\n');
  symlinkSync(join(box.folder, 'elsewhere'), path);
  await step('ours 2\n').run({
    signal: box.world.signal,
    progress: () => undefined,
    summary: () => undefined,
  });
  expect(readFileSync(join(box.folder, 'elsewhere'), 'utf8')).toBe('ours\n');
  expect(warnings()).toHaveLength(2);
});

test('another content is another input', () => {
  expect(step('a').inputs).not.toEqual(step('b').inputs);
  expect(step('a').inputs).toEqual(step('a').inputs);
});
