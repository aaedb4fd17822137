// Snapshots on both engines: the data of three real stores at one point, brought back whole or not at all.
import { execFileSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpointsOf } from '../../src/halfstack/stack.ts';
import { etcdRange, etcdRemove, etcdTransaction } from '../../src/halfstack/etcd.ts';
import { withPostgres } from '../../src/halfstack/postgres.ts';
import { askSocket } from '../../src/host/socket.ts';
import type { DeleteResult } from '../../src/operations/delete.ts';
import type { ListResult } from '../../src/operations/list.ts';
import type { SnapshotRow } from '../../src/operations/snapshot.ts';
import { sharedCache } from '../halfstack/native.ts';
import { addStandInDaemons } from '../rig/daemons.ts';
import type { Ended, Home } from '../rig/program.ts';
import { requires } from '../rig/require.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { recordOf } from '../rig/state.ts';

const needed = requires('docker', 'network', 'pyenv');
const signal = new AbortController().signal;
const folder = 'mine/';

/** How many kills of a restore each engine is shown to survive. */
const engines = [
  ['native', 10],
  ['docker', 3],
] as const;

describe.skipIf(needed.skip)(needed.title('snapshots'), { timeout: 200_000 }, () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage();
    addStandInDaemons(stage.program);
  }, 60_000);

  afterAll(() => stage.close());

  describe.each(engines)('of a %s halfstack', (engine, kills) => {
    let home: Home;
    let id: string;
    let other: string;

    beforeAll(async () => {
      home = stage.home({ XDG_CACHE_HOME: join(sharedCache, '..', 'bai-dev-test-xdg') });
      [id, other] = [stage.id('snap'), stage.id('into')];
      for (const each of [id, other]) await done(...stage.install(each, '--engine', engine));
    }, 180_000);

    afterAll(async () => {
      for (const each of [id, other]) await run('delete', '-e', each, '--yes', '--no-snapshot', '--force');
    }, 60_000);

    const run = (...args: readonly string[]): Promise<Ended> => stage.run(home, args, { limit: 140 });
    const saved = (of = id): string => join(home.state, 'snapshots', of);

    async function done<T>(...args: readonly string[]): Promise<T> {
      const ended = await run(...args);
      expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
      return ended.envelope?.result as T;
    }

    it('bring back all three stores as they were, after many changes', async () => {
      await change(home, id, 200);
      const before = await dump(home, id);
      await done('start', id, '--only', 'manager');
      const { snapshot } = await done<{ snapshot: SnapshotRow }>('snapshot', 'save', id, 'first');
      expect(snapshot).toMatchObject({ id, name: 'first', engine, missing: [] });
      // what ran runs again, and what did not does not
      const { rows } = await done<{ rows: { name: string; state: string }[] }>('status', id);
      const stateOf = (name: string): string | undefined => rows.find((row) => row.name === name)?.state;
      expect([stateOf('manager'), stateOf('webserver')]).toEqual(['ready', 'stopped']);
      await done('stop', id, '--only', 'manager');
      expect(await dump(home, id)).toEqual(before);

      await change(home, id, 50);
      expect(await dump(home, id)).not.toEqual(before);
      await done('snapshot', 'restore', id, 'first', '--yes');
      expect(await dump(home, id)).toEqual(before);
    });

    it(`are restored whole or not at all, killed at ${kills} moments`, async () => {
      const fresh = await dump(home, id);
      const restore = ['snapshot', 'restore', id, 'first', '--yes'];
      /** What the data are after a kill, once the halfstack was started again. */
      const killed = async (kill: () => Promise<Ended>): Promise<'old' | 'new'> => {
        await change(home, id, 5);
        const old = await dump(home, id);
        await kill();
        const { environments } = await done<ListResult>('list');
        told.push(environments.find((row) => row.id === id)?.next?.command ?? '');
        await done('start', id, '--halfstack-only');
        const now = await dump(home, id);
        if (JSON.stringify(now) === JSON.stringify(fresh)) return 'new';
        expect(now).toEqual(old);
        return 'old';
      };
      const told: string[] = [];
      const at = (point: string) => () => stage.run(home, restore, { kill: `restore:${point}` });
      expect(await killed(at('1')), 'when copies are to be made').toBe('old');
      expect(await killed(at('2')), 'when all is copied').toBe('new');
      expect(await killed(at('end')), 'when all is done').toBe('new');
      expect(told).toEqual(told.map(() => `bai-dev start ${id} --halfstack-only`));
      const began = performance.now();
      await done(...restore);
      const whole = performance.now() - began;
      for (let count = 4; count <= kills; count += 1) {
        await killed(async () => {
          const { child, ended } = stage.begin(home, restore);
          await sleep((0.2 + 0.7 * Math.random()) * whole);
          child.kill('SIGKILL');
          return ended;
        });
      }
    });

    it('can be given to another environment, which keeps its own ports and passwords', async () => {
      await done('snapshot', 'restore', id, 'first', '--yes');
      const wanted = await dump(home, id);
      await done('snapshot', 'restore', id, 'first', '--into', other, '--yes');
      // by its own password and on its own ports
      expect({ ...(await dump(home, other)), own: undefined }).toEqual({ ...wanted, own: undefined });
      const own = await etcdRange(endpoints(home, other).etcd, '/standin/config/redis/addr');
      expect(own.map(({ value }) => value)).toEqual([`127.0.0.1:${recordOf(home, other)!.spec.ports.redis}`]);
      await done('start', other);
    });

    it('are refused with one byte flipped, and where they do not fit', async () => {
      const before = await dump(home, id);
      const { files } = JSON.parse(readFileSync(join(saved(), 'first/manifest.json'), 'utf8')) as {
        files: { path: string; bytes: number }[];
      };
      const victims = files.filter(({ bytes }) => bytes > 0);
      const path = join(saved(), 'first', victims[randomInt(victims.length)]!.path);
      const content = readFileSync(path);
      const at = randomInt(content.length);
      content[at] = content[at]! ^ 1;
      writeFileSync(path, content);
      const ended = await run('snapshot', 'restore', id, 'first', '--yes');
      expect(ended.exit, ended.stdout + ended.stderr).toBe(9);
      expect(ended.envelope?.failure).toMatchObject({ code: 'BAI-SNAPSHOT' });
      content[at] = content[at] ^ 1;
      writeFileSync(path, content);

      const manifest = join(saved(), 'first/manifest.json');
      const text = readFileSync(manifest, 'utf8');
      writeFileSync(manifest, text.replace('"99.01"', '"99.02"'));
      const unfit = await run('snapshot', 'restore', id, 'first', '--yes');
      expect(unfit.exit, unfit.stdout + unfit.stderr).toBe(5);
      writeFileSync(manifest, text);
      expect(await dump(home, id)).toEqual(before);
    });

    it('are taken by delete, outlive it, and are listed and deleted without it', async () => {
      const before = await dump(home, id);
      const [result] = await done<DeleteResult[]>('delete', '-e', id, '--yes');
      const name = result!.snapshot!.name;
      expect(result!.unsaved).toBeUndefined();
      const { snapshots } = await done<{ snapshots: SnapshotRow[] }>('snapshot', 'list', id);
      expect(snapshots.map((row) => row.name)).toEqual(['first', name]);
      await done('snapshot', 'restore', id, '--into', other, '--yes');
      expect({ ...(await dump(home, other)), own: undefined }).toEqual({ ...before, own: undefined });
      for (const each of ['first', name]) await done('snapshot', 'delete', id, each);
      expect(existsSync(saved())).toBe(false);
      expect((await run('snapshot', 'restore', id, '--into', other, '--yes')).exit).toBe(4);
    });

    it('do not keep a broken environment from being deleted', async () => {
      breakStore(home, other, engine);
      const [result] = await done<DeleteResult[]>('delete', '-e', other, '--yes');
      expect(result!.outcome).toBe('deleted');
      expect(result!.unsaved).toContain('etcd');
      expect(readdirSync(saved(other))).toEqual([result!.snapshot!.name]);
    });
  });
});

const endpoints = (home: Home, id: string) => {
  const { spec, secrets } = recordOf(home, id)!;
  return endpointsOf(spec, secrets);
};

/** Random changes spread over all three stores. */
async function change(home: Home, id: string, count: number): Promise<void> {
  const { postgres, redis, etcd } = endpoints(home, id);
  const words = Array.from({ length: count }, () => randomBytes(8).toString('hex'));
  const share = (at: number): string[] => words.filter((_, index) => index % 3 === at);
  await withPostgres(postgres, signal, async (client) => {
    await client.query('CREATE TABLE IF NOT EXISTS notes (word text PRIMARY KEY)');
    await client.query('DELETE FROM notes WHERE random() < 0.3');
    for (const word of share(0)) await client.query('INSERT INTO notes VALUES ($1)', [word]);
  });
  const commands = share(1).map((word) => ['SET', `${folder}${word}`, word]);
  await tellRedis(redis, [...(randomInt(2) === 0 ? [] : [['FLUSHALL']]), ...commands]);
  if (randomInt(2) === 0) await etcdRemove(etcd, folder);
  await etcdTransaction(etcd, {
    absent: [],
    put: share(2).map((word) => ({ key: `${folder}${word}`, value: word })),
  });
}

/** All that a user can have put into the three stores; `own` is what an environment has of its own. */
async function dump(home: Home, id: string) {
  const { postgres, redis, etcd } = endpoints(home, id);
  const rows = await withPostgres(postgres, signal, async (client) => {
    const tables = await client.query<{ name: string }>(
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    );
    const found: Record<string, unknown[]> = {};
    for (const { name } of tables.rows) {
      const { rows: all } = await client.query(
        `SELECT to_jsonb(t)::text AS row FROM "${name}" AS t ORDER BY 1`,
      );
      found[name] = all;
    }
    return found;
  });
  const keys = await etcdRange(etcd, folder);
  const own = await etcdRange(etcd, '/standin/');
  return { rows, keys, own, redis: (await tellRedis(redis, [['KEYS', '*']])).sort() };
}

/** Sends commands and gives the words of the last answer. */
async function tellRedis(
  { host, port, password }: ReturnType<typeof endpointsOf>['redis'],
  commands: readonly (readonly string[])[],
): Promise<string[]> {
  const all = [...(password === undefined ? [] : [['AUTH', password]]), ...commands, ['ECHO', 'end of it']];
  const encode = (words: readonly string[]): string =>
    `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
  const answer = await askSocket({
    ...{ host, port, limit: 10_000, signal },
    send: all.map(encode).join(''),
    whole: (text) => text.endsWith('end of it\r\n'),
  });
  expect(answer).not.toMatch(/^-/m);
  return answer.split('\r\n').filter((line) => line.startsWith(folder));
}

/** Takes one of the stores away, as an accident would. */
function breakStore(home: Home, id: string, engine: string): void {
  if (engine === 'native') {
    rmSync(join(home.state, 'environments', id, 'halfstack/etcd'), { recursive: true });
    return;
  }
  removeVolume(`${id}-backendai-half-etcd-1`, `${id}_etcd-data`);
}

function removeVolume(container: string, volume: string): void {
  execFileSync('docker', ['rm', '-f', '-v', container], { stdio: 'ignore' });
  execFileSync('docker', ['volume', 'rm', volume], { stdio: 'ignore' });
}
