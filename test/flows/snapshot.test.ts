// Snapshots on both engines: the data of three real stores at one point, brought back whole or not at all.
import { execFileSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpointsOf } from '../../src/halfstack/stack.ts';
import { etcdRange, etcdRemove, etcdTransaction } from '../../src/halfstack/etcd.ts';
import { withPostgres } from '../../src/halfstack/postgres.ts';
import type { Manifest } from '../../src/halfstack/snapshots.ts';
import { filesBelow, hashOfFile } from '../../src/host/copy.ts';
import { askSocket } from '../../src/host/socket.ts';
import type { DeleteResult } from '../../src/operations/delete.ts';
import type { ListResult } from '../../src/operations/list.ts';
import type { RestoreResult } from '../../src/operations/restore.ts';
import type { SnapshotRow } from '../../src/operations/snapshot.ts';
import type { StatusResult } from '../../src/operations/status.ts';
import { sharedCache } from '../halfstack/native.ts';
import { addStandInDaemons } from '../rig/daemons.ts';
import { run as runProgram, type Ended, type Home } from '../rig/program.ts';
import { openTerminal } from '../rig/pty.ts';
import { requires } from '../rig/require.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { recordOf } from '../rig/state.ts';

const needed = requires('docker', 'network', 'pyenv', 'root', 'tmux');
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
      expect(snapshot.bytes).toBeLessThan(30_000_000);
      // what ran runs again, and what did not does not
      const { rows } = await done<{ rows: { name: string; state: string }[] }>('status', id);
      const stateOf = (name: string): string | undefined => rows.find((row) => row.name === name)?.state;
      expect([stateOf('manager'), stateOf('webserver')]).toEqual(['ready', 'stopped']);
      await done('stop', id, '--only', 'manager');
      expect(await dump(home, id)).toEqual(before);

      await change(home, id, 50);
      expect(await dump(home, id)).not.toEqual(before);
      await done('snapshot', 'restore', id, 'first', '--yes', '--no-snapshot');
      expect(await dump(home, id)).toEqual(before);
    });

    it('are refused before anything stops', async () => {
      await done('start', id, '--only', 'manager');
      const pids = async () => {
        const { rows } = await done<StatusResult>('status', id);
        return rows.map(({ name, pid, since, state }) => ({ name, pid, since, state }));
      };
      const before = await pids();
      const taken = await run('snapshot', 'save', id, 'first');
      expect(taken.envelope?.failure).toMatchObject({ code: 'BAI-CONFLICT-OWNER' });
      const odd = await run('snapshot', 'save', id, '../first');
      expect(odd.envelope?.failure).toMatchObject({ code: 'BAI-USAGE' });
      await withFullDisk(saved(other), async () => {
        const full = await run('snapshot', 'save', other, 'second');
        expect(full.envelope?.failure).toMatchObject({ code: 'BAI-FILESYSTEM' });
        expect(full.envelope?.failure?.reason).toMatch(/needs about \d+ MB in .*, where 1 MB are free/);
      });
      expect(await pids()).toEqual(before);
      await done('stop', id, '--only', 'manager');
      // what is asked for by nobody at a terminal is not removed without a yes
      const ended = await run('snapshot', 'delete', id, 'first');
      expect(ended.envelope?.failure).toMatchObject({
        code: 'BAI-QUESTION',
        next: [{ command: `bai-dev snapshot delete ${id} first --yes` }],
      });
      expect(existsSync(join(saved(), 'first/manifest.json'))).toBe(true);
    });

    it('say what they stop, are saved whole or not at all, and are taken before a restore', async () => {
      const killed = await stage.run(home, ['snapshot', 'save', id, 'killed'], { kill: 'manifest:1' });
      expect(killed.signal).toBe('SIGKILL');
      expect(killed.stdout).toMatch(/the halfstack is stopped while its data is copied; it is started again/);
      const names = async (): Promise<string[]> =>
        (await done<{ snapshots: SnapshotRow[] }>('snapshot', 'list', id)).snapshots.map(({ name }) => name);
      expect(await names()).toEqual(['first']);
      await done('start', id, '--halfstack-only');
      await change(home, id, 5);
      const before = await dump(home, id);
      const restore = ['snapshot', 'restore', id, 'first', '--yes'];
      expect((await stage.run(home, restore, { kill: 'manifest:1' })).signal).toBe('SIGKILL');
      await done('start', id, '--halfstack-only');
      expect(await dump(home, id)).toEqual(before);

      const { saved: first } = await done<RestoreResult>(...restore);
      expect(await dump(home, id)).not.toEqual(before);
      // the newest that was not taken by a restore: the second of two restores does not undo the first
      expect(await done('snapshot', 'restore', id, '--yes', '--no-snapshot')).toMatchObject({
        name: 'first',
      });
      await done('snapshot', 'restore', id, first!.name, '--yes', '--no-snapshot');
      expect(await dump(home, id)).toEqual(before);
      await done('snapshot', 'delete', id, first!.name, '--yes');
      expect(await names()).toEqual(['first']);
      await done('snapshot', 'restore', id, 'first', '--yes', '--no-snapshot');
    });

    it(`are restored whole or not at all, killed at ${kills} moments`, async () => {
      const fresh = await dump(home, id);
      const restore = ['snapshot', 'restore', id, 'first', '--yes', '--no-snapshot'];
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
      await done('snapshot', 'restore', id, 'first', '--yes', '--no-snapshot');
      const wanted = await dump(home, id);
      await done('snapshot', 'restore', id, 'first', '--into', other, '--yes', '--no-snapshot');
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

    it('are taken by delete and outlive it: the command that it prints brings all back', async () => {
      const before = await dump(home, id);
      const { spec } = recordOf(home, id)!;
      const { program } = stage;
      const file = join(spec.installPath, 'vfolder/local/volume1/weights.bin');
      const notes = join(spec.installPath, 'notes.txt');
      writeFileSync(notes, 'stays');
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, 'saved');
      const deleted = await runProgram({ program, home, args: ['delete', '-e', id, '--yes'], limit: 100 });
      expect(deleted.exit, deleted.stdout + deleted.stderr).toBe(0);
      const [, command = '', name = ''] =
        /Bring them back +bai-dev (snapshot restore \S+ (\S+))/.exec(deleted.stdout) ?? [];
      const { snapshots } = await done<{ snapshots: SnapshotRow[] }>('snapshot', 'list', id);
      expect(snapshots.map((row) => row.name)).toEqual(['first', name]);
      const manifest = readFileSync(join(saved(), name, 'manifest.json'), 'utf8');
      expect(manifest).not.toMatch(/storageManagerKey|redisPassword|BEGIN/);

      const terminal = openTerminal({ program, home, args: command.split(' ') });
      try {
        await terminal.until(/Install .* again/);
        terminal.press('y', 'Enter');
        expect(await terminal.exit(120), terminal.screen()).toBe(0);
      } finally {
        terminal.close();
      }
      expect({ ...(await dump(home, id)), own: undefined }).toEqual({ ...before, own: undefined });
      const { spec: now } = recordOf(home, id)!;
      expect({ ...now, servers: undefined }).toEqual({ ...spec, servers: undefined });
      expect(await done('install', '-e', id)).toMatchObject({ outcome: 'unchanged' });
      expect(readFileSync(notes, 'utf8')).toBe('stays');
      // a file that was changed or added since is not lost
      expect(readFileSync(file, 'utf8')).toBe('saved');
      writeFileSync(file, 'other');
      writeFileSync(`${file}.new`, 'new');
      const again = await done<RestoreResult>('snapshot', 'restore', id, name, '--yes');
      expect(again.files).toMatchObject({ restored: 0, replaced: 1, aside: [] });
      expect([readFileSync(file, 'utf8'), readFileSync(`${file}.new`, 'utf8')]).toEqual(['saved', 'new']);
      const other = join('files', relative(spec.installPath, file));
      expect(readFileSync(join(again.saved!.folder, other), 'utf8')).toBe('other');
    });

    it('of older versions lack how an environment was made and are not compressed, and fit all the same', async () => {
      await done('snapshot', 'restore', id, 'first', '--yes', '--no-snapshot');
      const wanted = await dump(home, id);
      // files in virtual folders came back as well
      await done('delete', '-e', id, '--yes', '--no-snapshot', '--force');
      await makeOld(join(saved(), 'first'));
      const ended = await run('snapshot', 'restore', id, 'first', '--yes');
      expect(ended.envelope?.failure).toMatchObject({
        code: 'BAI-ENVIRONMENT-ABSENT',
        next: [
          { command: `bai-dev install -e ${id} --release 99.01 --engine ${engine}` },
          { command: `bai-dev snapshot restore ${id} first` },
        ],
      });
      await done('snapshot', 'restore', id, 'first', '--into', other, '--yes', '--no-snapshot');
      expect({ ...(await dump(home, other)), own: undefined }).toEqual({ ...wanted, own: undefined });
      const { snapshots } = await done<{ snapshots: SnapshotRow[] }>('snapshot', 'list', id);
      for (const { name } of snapshots) await done('snapshot', 'delete', id, name, '--yes');
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

/** Makes a snapshot what the first versions made: no spec, folders of a native halfstack, tar files of one in Docker. */
async function makeOld(snapshot: string): Promise<void> {
  const path = join(snapshot, 'manifest.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  for (const name of readdirSync(snapshot).filter((one) => one.endsWith('.tar.gz'))) {
    const folder = join(snapshot, name.replace('.tar.gz', ''));
    if (manifest.engine === 'docker') execFileSync('gunzip', [join(snapshot, name)]);
    else {
      mkdirSync(folder, { mode: 0o700 });
      execFileSync('tar', ['-xzpf', join(snapshot, name), '-C', folder]);
      rmSync(join(snapshot, name));
    }
  }
  const files: Manifest['files'] = [];
  for (const file of (await filesBelow(snapshot)).filter((one) => one !== 'manifest.json')) {
    const sha256 = await hashOfFile(join(snapshot, file));
    files.push({ path: file, bytes: lstatSync(join(snapshot, file)).size, sha256 });
  }
  const newer = { spec: undefined, consistency: undefined, before: undefined };
  writeFileSync(path, JSON.stringify({ ...manifest, ...newer, files }));
}

/** While it works, all that is written to a folder goes to a disk of 1 MB. */
async function withFullDisk(path: string, work: () => Promise<void>): Promise<void> {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path]);
  try {
    await work();
  } finally {
    execFileSync('umount', ['-l', path]);
    rmdirSync(path);
  }
}

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
