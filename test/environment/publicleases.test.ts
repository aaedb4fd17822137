// Ports of other state folders: they keep clear of each other although none sees the other's records.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { choosePorts } from '../../src/environment/leases.ts';
import { statePaths } from '../../src/environment/names.ts';
import { othersLeases, publishLease, withdrawLease } from '../../src/environment/publicleases.ts';
import { claim } from '../../src/operations/claim.ts';
import type { World } from '../../src/world.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { sampleRecord } from './sample.ts';

let boxes: Sandbox[];
let worlds: World[];
beforeEach(() => {
  boxes = [sandbox(), sandbox()];
  worlds = boxes.map(({ world }) => world);
});
afterEach(async () => {
  for (const { host } of worlds) await withdrawLease(host, 'same');
  for (const box of boxes) box.remove();
});

const choose = (world: World) => choosePorts(world, { id: 'same', wish: { single: {} }, records: [] });
const [one, two] = [0, 1].map((at) => () => worlds[at]!) as [() => World, () => World];
const seen = async (world: World): Promise<number> =>
  (await othersLeases(world.host)).filter(({ id }) => id === 'same').length;

test('two state folders that claim one block at the same time get one each', async () => {
  const { base, ports } = await choose(one());
  const record = sampleRecord('same', { base, ports });
  const claims = await Promise.all(worlds.map((world) => claim(world, record, { single: {} })));
  const bases = claims.map((claimed) => claimed?.spec.portBase);
  expect(bases).toContain(base);
  expect(new Set(bases).size).toBe(2);
  for (const { host } of worlds) expect(existsSync(statePaths(host, 'same').record)).toBe(true);
});

test('a lease ends with its record, and is nothing to its own state folder', async () => {
  const { host } = one();
  const { ports } = await choose(one());
  const { folder, record } = statePaths(host, 'same');
  mkdirSync(folder, { recursive: true });
  writeFileSync(record, '{}');
  await publishLease(host, 'same', ports);
  expect([await seen(one()), await seen(two())]).toEqual([0, 1]);
  rmSync(record);
  expect(await seen(two())).toBe(0);
  writeFileSync(record, '{}');
  await withdrawLease(host, 'same');
  expect(await seen(two())).toBe(0);
});

test('what is no lease is left out', async () => {
  const path = join('/tmp/bai-dev-ports', `0123456789ab-${process.pid}.json`);
  mkdirSync('/tmp/bai-dev-ports', { recursive: true });
  for (const text of ['', '{}', '[', JSON.stringify({ id: 'same', ports: {}, owner: '', record: '/' })]) {
    writeFileSync(path, text);
    expect(await seen(one())).toBe(0);
  }
  rmSync(path);
});
