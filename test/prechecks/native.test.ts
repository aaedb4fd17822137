// What is said of a machine that is to run the servers itself: with programs that say what other machines' would.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Servers } from '../../src/environment/servers.ts';
import { findUser } from '../../src/host/owner.ts';
import { checkNative } from '../../src/prechecks/native.ts';
import type { World } from '../../src/world.ts';
import { sampleRecord } from '../environment/sample.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { draftIn, said } from './asking.ts';

let box: Sandbox;
let bin: string;
let world: World;
let registry: Server;
let status: number;

beforeEach(async () => {
  box = sandbox();
  bin = join(box.folder, 'bin');
  mkdirSync(bin);
  status = 200;
  registry = createServer((_request, response) => {
    response.writeHead(status).end('{}');
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
  const variables = { PATH: bin, npm_config_registry: address };
  const user = { uid: 1000, gid: 1000, name: 'you' };
  world = {
    ...box.world,
    host: { ...box.world.host, variables, user, platform: 'linux', architecture: 'x64' },
  };
  program('getconf', 'glibc 2.36');
  program('ldconfig', '	libstdc++.so.6 (libc6,x86-64) => /lib/x86_64-linux-gnu/libstdc++.so.6');
});
afterEach(async () => {
  registry.closeAllConnections();
  await new Promise((resolve) => registry.close(resolve));
  box.remove();
});

/** Without a first line that names an interpreter the system takes its shell. */
function program(name: string, says: string): string {
  writeFileSync(join(bin, name), `echo '${says}'\n`);
  chmodSync(join(bin, name), 0o755);
  return join(bin, name);
}

const look = () => checkNative(world, draftIn(box));
const etcd = () => program('etcd', 'etcd Version: 3.4.23');

test('a machine that has none of them gets packages', async () => {
  etcd();
  const { findings, facts } = await look();
  expect(await said(look())).toEqual(['native.servers ok']);
  expect(findings[0]).toMatchObject({
    title: expect.stringMatching(/^PostgreSQL [\d.]+, Redis [\d.]+, etcd 3\.4\.23$/) as string,
    reason: expect.stringMatching(/from npm.*from PyPI.*from this machine; \d+ MB to fetch\.$/) as string,
  });
  expect(facts?.servers.etcd.source).toBe('path');
});

test('what is there and is not taken is told', async () => {
  etcd();
  const path = program('redis-server', 'Redis server v=5.0.7 sha=0');
  expect((await look()).findings[0]?.reason).toContain(`${path} is not taken: its version is 5.0.7.`);
});

test('an etcd that may lose data is a warning', async () => {
  expect(await said(look())).toEqual(['native.servers ok', 'native.etcd warning']);
});

test('a system without glibc, or with an old one, is a blocker', async () => {
  etcd();
  program('getconf', 'glibc 2.17');
  expect(await said(look())).toContain('native.glibc blocker');
  expect((await look()).facts).toBeUndefined();
  program('getconf', 'musl');
  expect(await said(look())).toContain('native.glibc blocker');
});

test('a library that a package needs and the system lacks is a blocker that names it', async () => {
  etcd();
  program('ldconfig', '	libc.so.6 (libc6,x86-64) => /lib/x86_64-linux-gnu/libc.so.6');
  const { findings } = await look();
  expect(findings[1]).toMatchObject({ id: 'native.libraries', title: 'libstdc++.so.6 is missing' });
  expect(findings[1]?.next?.[0]?.command).toBe('sudo apt-get install libstdc++6');
});

test('a registry that does not have the package, or does not answer, is a blocker', async () => {
  etcd();
  status = 404;
  expect(await said(look())).toEqual(['native.servers ok', 'native.registry blocker']);
  await new Promise((resolve) => registry.close(resolve).closeAllConnections());
  expect(await said(look())).toEqual(['native.servers ok', 'native.registry blocker']);
});

test('a machine for which there are no packages is told what to install', async () => {
  world = { ...world, host: { ...world.host, architecture: 'mips' } };
  etcd();
  expect(await said(look())).toEqual(['native.lacking blocker', 'native.lacking blocker']);
});

test('root is told as whom PostgreSQL runs', async () => {
  etcd();
  world = { ...world, host: { ...world.host, user: { uid: 0, gid: 0, name: 'root' } } };
  const own = (await findUser('bai-dev')) !== undefined;
  expect((await said(look())).includes('native.root warning')).toBe(!own);
});

test('of an environment that is there only its own servers are looked at', async () => {
  const servers: Servers = {
    postgres: {
      source: 'path',
      version: '14.9',
      program: program('postgres', 'postgres (PostgreSQL) 14.11'),
    },
    redis: {
      source: 'path',
      version: '7.0.15',
      program: program('redis-server', 'Redis server v=7.2.4 sha=0'),
    },
    etcd: { source: 'path', version: '3.4.23', program: etcd() },
  };
  const record = sampleRecord('mine');
  record.spec = { ...record.spec, engine: 'native', servers };
  const again = () => checkNative(world, { ...draftIn(box), record });
  expect(await said(again())).toEqual(['native.servers ok']);
  expect((await again()).facts?.servers).toEqual(servers);
  program('postgres', 'postgres (PostgreSQL) 16.1');
  expect(await said(again())).toEqual(['native.gone blocker']);
  expect((await again()).facts).toBeUndefined();
});
