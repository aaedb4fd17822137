// A native halfstack of a test's own: chosen as on any machine, with a cache that all tests share.
import { mkdirSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blockPorts } from '../../src/environment/ports.ts';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import type { Servers } from '../../src/environment/servers.ts';
import type { HalfstackEngine, ServiceRole, Stack } from '../../src/halfstack/engine.ts';
import { chooseServers } from '../../src/halfstack/native/choose.ts';
import { nativeEngine } from '../../src/halfstack/native/engine.ts';
import { placesOf, type Places } from '../../src/halfstack/native/places.ts';
import { findServer } from '../../src/halfstack/native/running.ts';
import { stackOf } from '../../src/halfstack/stack.ts';
import { isTaken } from '../../src/host/net.ts';
import { removeResource } from '../../src/resources/inventory.ts';
import { forEnvironment, type World } from '../../src/world.ts';
import { sampleRecord } from '../environment/sample.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import type { Subject } from './contract.ts';

/** Servers and packages are many megabytes, so they are fetched once for all tests of a user. */
export const sharedCache = join(tmpdir(), `bai-dev-test-cache-${process.getuid?.() ?? 0}`);

export interface NativeSubject extends Subject {
  readonly box: Sandbox;
  readonly record: EnvironmentRecord;
  readonly places: Places;
  readonly pid: (role: ServiceRole) => Promise<number | undefined>;
}

export interface NativeChoice {
  /** Where the state folder lies, below the sandbox. */
  readonly home?: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** A cache that this test may spoil. */
  readonly ownCache?: boolean;
  readonly servers?: Servers;
}

/** Nothing of it exists yet. */
export async function nativeSubject(choice: NativeChoice = {}): Promise<NativeSubject> {
  const box = sandbox();
  const { folders } = box.world.host;
  const state = choice.home === undefined ? folders.state : join(box.folder, choice.home, 'state');
  const id = `native-${randomBytes(3).toString('hex')}`;
  const host = {
    ...box.world.host,
    folders: { ...folders, state, cache: choice.ownCache === true ? folders.cache : sharedCache },
    variables: { ...box.world.host.variables, ...choice.variables },
  };
  const world: World = forEnvironment({ ...box.world, host }, id);
  const servers = choice.servers ?? (await chooseServers(world)).servers;
  if (servers === undefined) throw new Error('no servers can be had on this machine');
  const base = await freeBase();
  const installPath = join(box.folder, 'install');
  mkdirSync(installPath);
  const record = sampleRecord(id, { ports: blockPorts(base), base, installPath });
  record.spec = {
    ...record.spec,
    engine: 'native',
    engineAddress: '',
    servers,
    index: 'https://pypi.org/simple',
  };
  record.secrets = {
    ...record.secrets,
    databasePassword: randomBytes(16).toString('hex'),
    redisPassword: randomBytes(16).toString('hex'),
  };
  const engine: HalfstackEngine = nativeEngine(world, record.spec);
  const stack: Stack = stackOf(record.spec, record.secrets);
  const places = placesOf(host, id, servers);
  const find = (role: ServiceRole) => findServer(places.servers[role]);
  return {
    box,
    world,
    record,
    places,
    engine,
    stack,
    control: { signal: world.signal, progress: () => undefined, summary: () => undefined },
    identity: async (role) => JSON.stringify((await find(role)) ?? null),
    pid: async (role) => (await find(role))?.pid,
    kill: async (role) => {
      const server = await find(role);
      if (server !== undefined) process.kill(server.pid, 'SIGKILL');
      while ((await find(role))?.pid === server?.pid && server !== undefined) await pause(10);
    },
    remove: async () => {
      for (const resource of [...engine.resources(stack)].reverse()) await removeResource(world, resource);
      box.remove();
    },
  };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function freeBase(): Promise<number> {
  for (;;) {
    // below the ports that this system gives out by itself
    const base = 22_000 + 10 * Math.floor(Math.random() * 1000);
    const taken = await Promise.all([base, base + 1, base + 2, base + 3].map(isTaken));
    if (!taken.includes(true)) return base;
  }
}
