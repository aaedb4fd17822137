// The native engine and what only it can meet: other people's processes, what a crash leaves, folders and disks.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { packageFolder } from '../../src/halfstack/native/fetch.ts';
import { databaseUser } from '../../src/halfstack/native/places.ts';
import { findServer, stopServer } from '../../src/halfstack/native/running.ts';
import { withPostgres } from '../../src/halfstack/postgres.ts';
import { standsIn } from '../../src/host/living.ts';
import { listeners, isTaken } from '../../src/host/net.ts';
import { commandOf } from '../../src/host/proc.ts';
import { nativeSubject, type NativeSubject } from '../halfstack/native.ts';
import { requires } from '../rig/require.ts';

const roles = ['postgres', 'redis', 'etcd'] as const;
const needed = requires('network');
const root = requires('network', 'root');

describe.skipIf(needed.skip)(needed.title('the native halfstack'), { timeout: 120_000 }, () => {
  const subjects: NativeSubject[] = [];
  const endings: (() => void)[] = [];
  const signal = new AbortController().signal;

  const make = async (choice?: Parameters<typeof nativeSubject>[0]): Promise<NativeSubject> => {
    const subject = await nativeSubject(choice);
    subjects.push(subject);
    return subject;
  };
  const up = ({ engine, stack, control }: NativeSubject) => engine.up(stack, control);
  const stop = ({ engine, stack }: NativeSubject) => engine.stop(stack);
  const states = async ({ engine, stack }: NativeSubject) =>
    (await engine.status(stack)).map(({ state }) => state);
  const query = ({ stack }: NativeSubject, text: string) =>
    withPostgres(
      stack.endpoints.postgres,
      signal,
      async (client) => (await client.query(text)).rows as unknown[],
    );
  const alive = async ({ places }: NativeSubject) =>
    (await Promise.all(roles.map((role) => findServer(places.servers[role])))).filter(Boolean).length;

  /** A process of PostgreSQL's user that has nothing to do with it. */
  const bystander = async (subject: NativeSubject, cwd: string): Promise<number> => {
    const user = await databaseUser(subject.world.host);
    const child = spawn('sleep', ['300'], {
      cwd,
      stdio: 'ignore',
      ...(user && { uid: user.uid, gid: user.gid }),
    });
    endings.push(() => child.kill('SIGKILL'));
    return child.pid!;
  };

  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) end();
    for (const subject of subjects.splice(0)) await subject.remove();
  });

  test('listens on loopback only, shows no password, and keeps its files to itself', async () => {
    const subject = await make();
    await up(subject);
    const { databasePassword, redisPassword } = subject.record.secrets;
    const user = await databaseUser(subject.world.host);
    for (const role of roles) {
      const pid = (await subject.pid(role))!;
      const seen = [
        await commandOf(pid),
        readFileSync(`/proc/${pid}/environ`, 'utf8'),
        log(subject, role),
      ].join('\n');
      expect([seen.includes(databasePassword), seen.includes(redisPassword)], role).toEqual([false, false]);
      expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('BAI_DEV_RUN=');
      expect(statSync(subject.places.servers[role].data).mode & 0o777, role).toBe(0o700);
      const owner = role === 'postgres' && user !== undefined ? user.uid : process.getuid!();
      expect(statSync(`/proc/${pid}`).uid, role).toBe(owner);
    }
    expect(statSync(join(subject.places.folder, 'redis.conf')).mode & 0o777).toBe(0o600);
    const { etcdPeer, ...ports } = subject.record.spec.ports;
    for (const port of [ports.postgres, ports.redis, ports.etcd, etcdPeer]) {
      expect((await listeners()).filter((one) => one.port === port)).toHaveLength(1);
    }
    const tables = ['tcp', 'tcp6'].map((name) => readFileSync(`/proc/net/${name}`, 'utf8')).join('\n');
    for (const port of [ports.postgres, ports.redis, ports.etcd, etcdPeer]) {
      const hex = port.toString(16).toUpperCase().padStart(4, '0');
      const lines = tables.split('\n').filter((line) => new RegExp(`: \\w+:${hex} \\w+:0000 0A `).test(line));
      expect(lines.map((line) => line.trim().split(/\s+/)[1]?.split(':')[0])).toEqual(['0100007F']);
    }
    expect(readdirSync(subject.places.folder).filter((name) => /partial|password/.test(name))).toEqual([]);
  });

  test('whoever stands in a data folder is left alone, and no server of ours', async () => {
    const subject = await make();
    await up(subject);
    const { data } = subject.places.servers.redis;
    const pid = await bystander(subject, '/');
    const inside = spawn('sleep', ['300'], { cwd: data, stdio: 'ignore' });
    endings.push(() => inside.kill('SIGKILL'));
    await stop(subject);
    expect(await states(subject)).toEqual(['stopped', 'stopped', 'stopped']);
    expect(await standsIn(inside.pid!)).toBe(data);
    expect(await commandOf(pid)).toBe('sleep 300');
    await up(subject);
    expect(await commandOf(inside.pid!)).toBe('sleep 300');
  });

  test('what a crash leaves in PostgreSQL’s own file keeps nobody from starting', async () => {
    const subject = await make();
    await up(subject);
    await query(subject, 'create table kept (n int)');
    await subject.kill('postgres');
    await stop(subject);
    const file = join(subject.places.servers.postgres.data, 'postmaster.pid');
    const other = await bystander(subject, '/');
    const rest = readFileSync(file, 'utf8').split('\n').slice(1);
    writeFileSync(file, [String(other), ...rest].join('\n'));
    expect(await states(subject)).toEqual(['stopped', 'stopped', 'stopped']);
    await up(subject);
    expect(await query(subject, 'select count(*)::int as n from kept')).toEqual([{ n: 0 }]);
    expect(await commandOf(other)).toBe('sleep 300');
  });

  test('connections that a killed PostgreSQL left are ended before it starts again', async () => {
    const subject = await make();
    await up(subject);
    const busy = query(
      subject,
      'set statement_timeout = 0; select sum(sqrt(n)) from generate_series(1, 100000000) n',
    ).catch(() => 'ended');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await subject.kill('postgres');
    await up(subject);
    expect(await query(subject, 'select 1 as n')).toEqual([{ n: 1 }]);
    expect(await busy).toBe('ended');
  });

  test('data that was only half made is never used', async () => {
    const subject = await make();
    const { data } = subject.places.servers.postgres;
    mkdirSync(`${data}.partial/base`, { recursive: true });
    writeFileSync(`${data}.partial/PG_VERSION`, '13\n');
    writeFileSync(`${data}.password`, 'old');
    expect(await states(subject)).toEqual(['absent', 'absent', 'absent']);
    await up(subject);
    expect(await states(subject)).toEqual(['healthy', 'healthy', 'healthy']);
    expect([existsSync(`${data}.partial`), existsSync(`${data}.password`)]).toEqual([false, false]);
  });

  test('a home with spaces, letters of all kinds and a long way to it is fine', async () => {
    const home = join("Jürgen Ünï “quoted” 'n $HOME", 'x'.repeat(100), '日本語', 'y'.repeat(60));
    const subject = await make({ home });
    await up(subject);
    expect(await states(subject)).toEqual(['healthy', 'healthy', 'healthy']);
    await stop(subject);
    await up(subject);
    expect(await alive(subject)).toBe(3);
  });

  test('a user’s variables about servers change nothing', async () => {
    const variables = {
      ...{ PGPORT: '1', PGDATA: '/nowhere', PGOPTIONS: '-c nonsense=1', LC_ALL: 'xx_YY.UTF-8', LANG: 'xx' },
      ...{ ETCD_NAME: 'other', ETCD_LISTEN_CLIENT_URLS: 'http://0.0.0.0:1', ETCD_DATA_DIR: '/nowhere' },
    };
    const subject = await make({ variables });
    await up(subject);
    expect(await states(subject)).toEqual(['healthy', 'healthy', 'healthy']);
  });

  test('a taken port names its holder, also the one that only etcd itself uses', async () => {
    const subject = await make();
    const { etcdPeer } = subject.record.spec.ports;
    const script = `require('net').createServer().listen(${etcdPeer}, '127.0.0.1')`;
    const stranger = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
    endings.push(() => stranger.kill('SIGKILL'));
    await expect.poll(() => isTaken(etcdPeer), { timeout: 10_000 }).toBe(true);
    await expect(up(subject)).rejects.toMatchObject({
      code: 'BAI-OCCUPIED',
      exit: 5,
      message: expect.stringMatching(new RegExp(`${etcdPeer}.*pid ${stranger.pid}`)) as string,
    });
    expect(await alive(subject)).toBe(0);
    stranger.kill('SIGKILL');
    await expect.poll(() => isTaken(etcdPeer)).toBe(false);
    await up(subject);
  });

  test('a stranger on the port of a server that is stopped is told as one', async () => {
    const subject = await make();
    const script = `require('net').createServer().listen(${subject.record.spec.ports.redis}, '127.0.0.1')`;
    const stranger = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
    endings.push(() => stranger.kill('SIGKILL'));
    await expect.poll(() => states(subject), { timeout: 10_000 }).toEqual(['absent', 'foreign', 'absent']);
  });

  test('a server that ends at once is told with its last words, and the others do not stay', async () => {
    const subject = await make();
    const stack = {
      ...subject.stack,
      services: subject.stack.services.map((service) =>
        service.role === 'redis'
          ? { ...service, command: ['redis-server', '--no-such-option', 'yes'] }
          : service,
      ),
    };
    const failure: unknown = await subject.engine.up(stack, subject.control).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'BAI-UNHEALTHY',
      message: expect.stringContaining('redis') as string,
    });
    expect((failure as { more: { lines: string[] } }).more.lines.join('\n')).toContain('no-such-option');
    expect(await alive(subject)).toBe(0);
    await up(subject);
  });

  test('programs that somebody removed are fetched again, the very same, and the data is there', async () => {
    const subject = await make({ ownCache: true });
    await up(subject);
    await query(subject, 'create table kept (n int)');
    const { redis } = subject.record.spec.servers!;
    if (redis.source === 'path') return;
    const folder = packageFolder(subject.world.host, redis);
    rmSync(folder, { recursive: true });
    // the running server is found all the same
    expect(await states(subject)).toEqual(['healthy', 'healthy', 'healthy']);
    expect(await subject.engine.prepared(subject.stack)).toBe(false);
    await stop(subject);
    await up(subject);
    expect(existsSync(folder)).toBe(true);
    expect(await query(subject, 'select count(*)::int as n from kept')).toEqual([{ n: 0 }]);
  });

  test('data that was removed under a running server is not mixed with new', async () => {
    const subject = await make();
    await up(subject);
    const before = await subject.pid('redis');
    rmSync(subject.places.servers.redis.data, { recursive: true });
    await stopServer(subject.places.servers.redis);
    expect(await commandOf(before!)).toBeUndefined();
    await up(subject);
    expect(await states(subject)).toEqual(['healthy', 'healthy', 'healthy']);
  });

  test.skipIf(root.skip)(
    root.title('a folder that cannot be written is told, nothing is left running'),
    async () => {
      const subject = await make();
      const state = subject.world.host.folders.state;
      mkdirSync(state, { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', state]);
      endings.push(() => execFileSync('umount', [state]));
      await expect(up(subject)).rejects.toMatchObject({
        code: 'BAI-FILESYSTEM',
        message: expect.stringContaining(state) as string,
      });
      expect(await alive(subject)).toBe(0);
    },
  );

  test.skipIf(root.skip)(
    root.title('a full disk is told, nothing is left running, and with room it works'),
    async () => {
      const subject = await make();
      const state = subject.world.host.folders.state;
      const elsewhere = subject.places.elsewhere!.folder;
      for (const folder of [state, elsewhere]) {
        mkdirSync(folder, { recursive: true });
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m,mode=755', 'tmpfs', folder]);
        endings.push(() => execFileSync('umount', ['-l', folder]));
      }
      const failure: unknown = await up(subject).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: 'BAI-FILESYSTEM',
        message: expect.stringContaining('full') as string,
      });
      expect(await alive(subject)).toBe(0);
      for (const folder of [state, elsewhere]) execFileSync('mount', ['-o', 'remount,size=600m', folder]);
      await up(subject);
      expect(await states(subject)).toEqual(['healthy', 'healthy', 'healthy']);
      await stop(subject);
    },
  );
});

const log = ({ places }: NativeSubject, role: (typeof roles)[number]): string =>
  readFileSync(places.logs[role], 'utf8');
