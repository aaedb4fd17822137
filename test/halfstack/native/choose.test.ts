// Which servers are taken: programs that tell a version, as the machine's own would, and packages where none fits.
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chooseServers } from '../../../src/halfstack/native/choose.ts';
import { loadOffers, weaknessOf } from '../../../src/halfstack/native/offers.ts';
import { areProvided, provide } from '../../../src/halfstack/native/provide.ts';
import type { World } from '../../../src/world.ts';
import { repository, sandbox, type Sandbox } from '../../rig/world.ts';

let box: Sandbox;
let bin: string;
let world: World;

beforeEach(() => {
  box = sandbox();
  bin = join(box.folder, 'usr/bin');
  mkdirSync(bin, { recursive: true });
  world = { ...box.world, host: { ...box.world.host, variables: { PATH: bin } } };
});
afterEach(() => box.remove());

/** Says what it is told to, whatever it is asked. Without a first line that names one, the system takes its shell. */
function program(name: string, says: string, folder = bin): string {
  const path = join(folder, name);
  writeFileSync(path, `echo '${says}'\n`);
  chmodSync(path, 0o755);
  return path;
}

function postgres(version: string, folder = bin): string {
  const share = join(box.folder, 'usr/share/postgresql/extension');
  mkdirSync(share, { recursive: true });
  writeFileSync(join(share, 'uuid-ossp.control'), '');
  program('initdb', '', folder);
  return program('postgres', `postgres (PostgreSQL) ${version}`, folder);
}

test('on a machine that has none all come in packages, and are to be fetched', async () => {
  const { servers, missing, needs, lacking, passedOver } = await chooseServers(world);
  const { postgres: sql, redis, etcd } = servers!;
  expect([sql.source, redis.source, etcd.source]).toEqual(['npm', 'pypi', 'pypi']);
  expect(missing).toHaveLength(3);
  expect(needs[0]?.glibc).toMatch(/^\d/);
  expect([lacking, passedOver]).toEqual([[], []]);
});

test('what the machine has and fits is taken, and nothing is to be fetched', async () => {
  const programs = {
    postgres: postgres('14.9'),
    redis: program('redis-server', 'Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64'),
    etcd: program('etcd', 'etcd Version: 3.5.16'),
  };
  const { servers, missing, needs } = await chooseServers(world);
  expect(servers).toEqual({
    postgres: { source: 'path', version: '14.9', program: programs.postgres },
    redis: { source: 'path', version: '7.0.15', program: programs.redis },
    etcd: { source: 'path', version: '3.5.16', program: programs.etcd },
  });
  expect([missing, needs]).toEqual([[], []]);
  expect(await areProvided(world, servers!)).toBe(true);
});

test.each([
  [
    'a version that the manager cannot read',
    () => postgres('15.18 (Debian 15.18-0+deb12u1)'),
    /15\.18 \(Debian/,
  ],
  ['a version that is too new', () => postgres('17.2'), /17\.2/],
  [
    'one without uuid-ossp',
    () => {
      program('initdb', '');
      program('postgres', 'postgres (PostgreSQL) 14.9');
    },
    /uuid-ossp/,
  ],
  ['one without initdb', () => program('postgres', 'postgres (PostgreSQL) 14.9'), /initdb/],
  ['an etcd that may lose data', () => program('etcd', 'etcd Version: 3.5.2'), /3\.5\.2/],
  ['an old Redis', () => program('redis-server', 'Redis server v=5.0.7 sha=0'), /5\.0\.7/],
  ['a program that says nothing', () => program('redis-server', ''), /no version/],
  [
    'a script',
    () => {
      writeFileSync(join(bin, 'etcd'), '#!/bin/sh\necho "etcd Version: 3.4.23"\n');
      chmodSync(join(bin, 'etcd'), 0o755);
    },
    /script/,
  ],
])('%s is passed over, and why is told', async (_what, make, reason) => {
  make();
  const { servers, passedOver } = await chooseServers(world);
  expect(Object.values(servers!).map(({ source }) => source)).not.toContain('path');
  expect(passedOver).toEqual([
    {
      role: expect.any(String) as string,
      program: expect.stringContaining(bin) as string,
      reason: expect.stringMatching(reason) as string,
    },
  ]);
});

test('after one that does not fit the next in PATH is looked at', async () => {
  const other = join(box.folder, 'opt/bin');
  mkdirSync(other, { recursive: true });
  program('redis-server', 'Redis server v=5.0.7 sha=0');
  const fit = program('redis-server', 'Redis server v=6.2.7 sha=0', other);
  const host = { ...world.host, variables: { PATH: `${bin}:${other}:relative:` } };
  const { servers } = await chooseServers({ ...world, host });
  expect(servers!.redis).toMatchObject({ source: 'path', program: fit });
});

test('PostgreSQL is taken where it really lies, with what lies beside it', async () => {
  const real = join(box.folder, 'usr/lib/postgresql/14/bin');
  mkdirSync(real, { recursive: true });
  mkdirSync(join(box.folder, 'usr/lib/postgresql/14/share/extension'), { recursive: true });
  writeFileSync(join(box.folder, 'usr/lib/postgresql/14/share/extension/uuid-ossp.control'), '');
  const program = postgres('14.9', real);
  symlinkSync(program, join(bin, 'postgres'));
  expect((await chooseServers(world)).servers!.postgres).toMatchObject({ program });
});

test('on a machine of another kind it says what is lacking', async () => {
  const host = { ...world.host, platform: 'freebsd' as const };
  program('etcd', 'etcd Version: 3.4.23');
  const choice = await chooseServers({ ...world, host });
  expect(choice.servers).toBeUndefined();
  expect(choice.lacking).toEqual(['postgres', 'redis']);
});

test('a program that was chosen and is gone, or became another version, is never replaced', async () => {
  const path = program('etcd', 'etcd Version: 3.4.23');
  postgres('14.9');
  program('redis-server', 'Redis server v=7.0.15 sha=0');
  const servers = (await chooseServers(world)).servers!;
  const again = () => provide(world, { servers, index: 'http://127.0.0.1:9' }, { progress: () => undefined });
  await again();
  copyFileSync(program('other', 'etcd Version: 3.4.30'), path);
  await again();
  copyFileSync(program('other', 'etcd Version: 3.5.16'), path);
  await expect(again()).rejects.toMatchObject({
    code: 'BAI-ENGINE',
    message: expect.stringMatching(/3\.4\.23.*is 3\.5\.16 now/) as string,
  });
  chmodSync(path, 0o644);
  expect(await areProvided(world, servers)).toBe(false);
  await expect(again()).rejects.toThrow('not there any more');
});

test('every package that is offered is known by its exact content, for the same machines', () => {
  const offers = loadOffers({ assets: repository });
  const machines = Object.values(offers).map(({ packages }) => Object.keys(packages).sort());
  expect(machines[0]).toEqual(['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64']);
  expect(new Set(machines.map((one) => one.join())).size).toBe(1);
  for (const { packages, fit } of Object.values(offers)) {
    for (const [machine, { package: offered, needs }] of Object.entries(packages)) {
      expect(offered.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(fit.length).toBeGreaterThan(0);
      if (machine.startsWith('darwin')) expect(needs).toBeUndefined();
    }
  }
});

test('of an etcd that may lose data it is known', () => {
  const of = (version: string) => weaknessOf({ assets: repository }, 'etcd', version);
  expect([of('3.5.1'), of('3.5.3'), of('3.4.23')].map((one) => one !== undefined)).toEqual([
    true,
    false,
    false,
  ]);
});
