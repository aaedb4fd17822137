// Fresh data without reinstalling: the built program with stand-in components on real halfstacks of both kinds.
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { etcdRange, etcdRemove, etcdTransaction } from '../../src/halfstack/etcd.ts';
import { withPostgres } from '../../src/halfstack/postgres.ts';
import { endpointsOf } from '../../src/halfstack/stack.ts';
import type { StatusResult } from '../../src/operations/status.ts';
import type { ResetResult } from '../../src/operations/reset.ts';
import { addStandInDaemons } from '../rig/daemons.ts';
import type { Ended, Home } from '../rig/program.ts';
import { requires } from '../rig/require.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { identities, recordOf } from '../rig/state.ts';

const { signal } = new AbortController();

/** Both engines take the same way: each is killed at other points of it. */
const engines = [
  ['docker', ['halfstack:up:started', 'database:schema:child']],
  ['native', ['record:2', 'etcd:fill:effect']],
] as const;

describe.each(engines)('reset on the %s engine', { timeout: 120_000 }, (engine, kills) => {
  const needed = requires('network', 'pyenv', ...(engine === 'docker' ? (['docker'] as const) : []));

  describe.skipIf(needed.skip)(needed.title('with everything made'), () => {
    let stage: Stage;
    let home: Home;
    let id: string;

    beforeAll(async () => {
      stage = await openStage();
      addStandInDaemons(stage.program);
      home = stage.home();
      id = stage.id('reset');
      await done(...stage.install(id, '--engine', engine));
    }, 120_000);

    afterAll(async () => {
      await stage.run(home, ['delete', '-e', id, '--yes', '--no-snapshot']);
      await stage.close();
    });

    const run = (...args: readonly string[]): Promise<Ended> => stage.run(home, args, { limit: 110 });
    const record = () => recordOf(home, id)!;
    const endpoints = () => endpointsOf(record().spec, record().secrets);

    async function done<T>(...args: readonly string[]): Promise<T> {
      const ended = await run(...args);
      expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
      return ended.envelope?.result as T;
    }

    /** All that the three servers hold, as far as the install or a test wrote it. */
    async function content(): Promise<unknown> {
      const { postgres, etcd } = endpoints();
      const users = await withPostgres(postgres, signal, async (client) => {
        const { rows } = await client.query<{ email: string }>('SELECT email FROM users ORDER BY 1');
        return rows.map(({ email }) => email);
      });
      return { users, keys: await etcdRange(etcd, '/'), redis: await redis('DBSIZE') };
    }

    const lasting = () => [...identities(record())].filter(([name]) => !name.startsWith('server '));

    async function redis(...words: readonly string[]): Promise<string> {
      const { host, port, password = '' } = endpoints().redis;
      const socket = connect(port, host);
      const say = (parts: readonly string[]) => `${parts.map((part) => JSON.stringify(part)).join(' ')}\r\n`;
      socket.write(`${password === '' ? '' : say(['AUTH', password])}${say(words)}QUIT\r\n`);
      const answers = (await text(socket)).trim().split('\r\n');
      return answers.at(-2) ?? '';
    }

    async function change(): Promise<void> {
      const { postgres, etcd } = endpoints();
      await withPostgres(postgres, signal, (client) =>
        client.query("INSERT INTO users VALUES ('somebody@example.com')"),
      );
      await etcdTransaction(etcd, { absent: [], put: [{ key: '/somebody', value: 'was here' }] });
      expect(await redis('SET', 'somebody', 'was here')).toBe('+OK');
    }

    it('needs a yes where nobody can be asked', async () => {
      await change();
      const before = await content();
      const ended = await run('reset', id);
      expect(ended.envelope?.failure).toMatchObject({
        code: 'BAI-QUESTION',
        next: [{ command: `bai-dev reset ${id} --yes` }],
      });
      expect(await content()).toEqual(before);
    });

    it('brings back what the install put there; nothing else is made again, and files stay', async () => {
      const { spec } = record();
      const file = join(spec.installPath, 'vfroot/local/volume1/somebody.txt');
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, 'was here');
      const made = lasting();
      await done('start', id, '--only', 'manager');

      const before = await content();
      const { stopped, removed, saved } = await done<ResetResult>('reset', id, '--yes');
      expect(stopped).toEqual(['manager']);
      const { rows } = await done<StatusResult>('status', id);
      expect(rows.filter(({ state }) => state === 'ready').map(({ name }) => name)).toContain('manager');
      await done('stop', id, '--only', 'manager');
      expect(removed.length).toBeGreaterThanOrEqual(3);
      const fresh = await content();
      expect(fresh).toMatchObject({ redis: ':0' });
      expect(JSON.stringify(fresh)).not.toContain('somebody');
      expect(JSON.stringify(fresh)).toContain('admin@');
      expect(lasting()).toEqual(made);
      expect(readFileSync(file, 'utf8')).toBe('was here');
      expect(await done('install', '-e', id)).toMatchObject({ outcome: 'unchanged' });
      // what was there is not lost
      await done('snapshot', 'restore', id, saved!.name, '--yes', '--no-snapshot');
      expect(await content()).toEqual(before);
      await done('reset', id, '--yes', '--no-snapshot');
    });

    it.each(kills)('killed at %s is continued by the same command', async (kill) => {
      const before = await content();
      await change();
      const killed = await stage.run(home, ['reset', id, '--yes'], { kill, limit: 60 });
      expect(killed.signal, killed.stdout).toBe('SIGKILL');
      await done('reset', id, '--yes');
      expect(await content()).toEqual(before);
      expect(record().phase).toBe('ready');
    });

    it('install never fills a database or etcd again that lost their marks, and keeps them if it shall', async () => {
      const { postgres, etcd } = endpoints();
      const inDatabase = <T extends object>(sql: string, database = postgres.database): Promise<T[]> =>
        withPostgres({ ...postgres, database }, signal, async (client) => (await client.query<T>(sql)).rows);
      await inDatabase('CREATE TABLE work AS SELECT generate_series(1, 1000) AS at');
      await inDatabase(`UPDATE alembic_version SET version_num = 'mine'`);
      // what pg_dump, dropdb, createdb and pg_restore leave of the comment on the database
      await inDatabase(`COMMENT ON DATABASE "${postgres.database}" IS NULL`);
      const addr = { key: `${record().spec.release.etcd.prefix}config/redis/addr`, value: '127.0.0.1:1' };
      await etcdRemove(etcd, '/bai-dev/filled');
      await etcdTransaction(etcd, { absent: [], put: [addr] });
      const all = async () => [
        await content(),
        await inDatabase('SELECT count(*) FROM work'),
        await inDatabase('SELECT version_num FROM alembic_version'),
        await inDatabase('SELECT oid FROM pg_database WHERE datname = current_database()'),
      ];
      const before = await all();
      // the second time while nothing runs, where it is found only on the way
      for (const halfstack of ['runs', 'stopped']) {
        if (halfstack === 'stopped') await done('stop', id);
        const ended = await run('install', '-e', id, '--yes');
        expect(ended.envelope?.failure).toMatchObject({
          code: 'BAI-CONFLICT-DATA',
          exit: 5,
          next: [{ command: `bai-dev install -e ${id} --adopt-data` }, { command: `bai-dev reset ${id}` }],
        });
        expect(await all()).toEqual(before);
      }
      expect(await done('install', '-e', id, '--yes', '--adopt-data')).toMatchObject({ outcome: 'repaired' });
      const [marked, ...rest] = await all();
      expect(rest).toEqual(before.slice(1));
      expect(marked).toEqual({
        ...(before[0] as object),
        keys: expect.arrayContaining([{ key: '/bai-dev/filled', value: id }, addr]) as unknown,
      });
      expect(await done('install', '-e', id)).toMatchObject({ outcome: 'unchanged' });
    });

    it('start names who holds a port, and makes nothing where data are gone; install does', async () => {
      await done('stop', id);
      const { postgres } = record().spec.ports;
      const stranger = createServer().listen(postgres, '127.0.0.1');
      const held = await run('start', id, '--halfstack-only');
      await new Promise((resolve) => stranger.close(resolve));
      expect(held.envelope?.failure).toMatchObject({ code: 'BAI-OCCUPIED', exit: 5 });
      expect(held.envelope?.failure?.reason).toMatch(
        `Port ${postgres}, which postgres of ${id} needs, is held by`,
      );
      expect(held.envelope?.failure?.reason).toContain(`pid ${process.pid}`);
      expect(JSON.stringify(held.envelope?.failure?.next)).toMatch(/--change --ports \d+"/);

      const [lost, name] = loseDatabase();
      for (const args of [
        ['start', id, '--halfstack-only'],
        ['restart', id],
        ['switch', id],
      ]) {
        const ended = await run(...args);
        expect(ended.envelope?.failure).toMatchObject({
          code: 'BAI-CONFLICT-PHASE',
          exit: 5,
          reason: expect.stringContaining(`Data of ${id} are gone: ${name} (postgres).`) as string,
          next: expect.arrayContaining([
            expect.objectContaining({ command: `bai-dev install -e ${id}` }),
          ]) as unknown,
        });
      }
      expect(lost()).toBe(true);
      const { rows } = await done<StatusResult>('status', id);
      expect(rows[0]).toMatchObject({ name: 'postgres', detail: `its data are gone: ${name} (postgres)` });
      await done('install', '-e', id, '--yes');
      expect(JSON.stringify(await content())).toContain('admin@');
    });

    /** Removes PostgreSQL's data as `docker system prune --volumes` or a person would; gives a look whether they still are gone. */
    function loseDatabase(): [lost: () => boolean, name: string] {
      if (engine === 'native') {
        const { path } = record().resources.find(
          (one) => one.kind === 'server' && one.name === 'postgres',
        ) as {
          path: string;
        };
        rmSync(path, { recursive: true });
        return [() => !existsSync(path), `folder ${path}`];
      }
      const named = (kind: string): string[] =>
        record().resources.flatMap((one) => (one.kind === kind && 'name' in one ? [one.name] : []));
      const [volume = ''] = named('volume');
      execFileSync('docker', ['rm', '-f', ...named('container')], { stdio: 'ignore' });
      execFileSync('docker', ['volume', 'rm', volume], { stdio: 'ignore' });
      const look = ['volume', 'ls', '-q', '--filter', `name=^${volume}$`];
      return [() => execFileSync('docker', look, { encoding: 'utf8' }) === '', `volume ${volume}`];
    }

    it('refuses an environment that is not whole', async () => {
      const ended = await run('reset', 'nowhere', '--yes');
      expect(ended.envelope?.failure).toMatchObject({ code: 'BAI-ENVIRONMENT-ABSENT', exit: 4 });
    });
  });
});
