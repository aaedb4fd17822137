import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskOf, memory } from '../../src/host/room.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
beforeEach(() => {
  box = sandbox();
});
afterEach(() => box.remove());

test('a path that is not there yet lies on the disk of what is above it', async () => {
  const here = await diskOf(box.folder);
  const deep = await diskOf(join(box.folder, 'not/there/yet'));
  expect(deep).toMatchObject({ device: here.device, folder: box.folder });
  const { bavail, bsize } = statfsSync(box.folder);
  expect(Math.abs(here.free - bavail * bsize)).toBeLessThan(1e9);
});

test('another file system is another device', async () => {
  expect((await diskOf('/proc/self')).device).not.toBe((await diskOf(box.folder)).device);
});

test('memory is what the machine has', async () => {
  const { total, free } = await memory();
  expect(total).toBeGreaterThan(2 ** 28);
  expect(free).toBeLessThanOrEqual(total);
});
