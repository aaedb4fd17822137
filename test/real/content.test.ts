// What etcd and the database are filled with, on real servers and from every half-made state.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { treePath } from '../../src/environment/names.ts';
import { render } from '../../src/environment/render.ts';
import { valuesOf } from '../../src/environment/values.ts';
import { etcdRange, etcdRemove, etcdTransaction } from '../../src/halfstack/etcd.ts';
import { withPostgres, type PostgresClient } from '../../src/halfstack/postgres.ts';
import type { Release } from '../../src/release/release.ts';
import { databaseSteps } from '../../src/steps/database.ts';
import { kernelSteps } from '../../src/steps/kernels.ts';
import { etcdEntries, etcdMarker, etcdSteps } from '../../src/steps/etcd.ts';
import type { Making } from '../../src/steps/making.ts';
import type { Event } from '../../src/report/events.ts';
import { requires } from '../rig/require.ts';
import { repository } from '../rig/world.ts';
import { perform } from '../steps/making.ts';
import { command, docker, realStack, type RealStack } from './stack.ts';

const needed = requires('docker');
const standInSchema = join(repository, 'test', 'rig', 'standin', 'schema.py');
const fixture = [
  { table: 'domains', rows: [{ name: 'default', hosts: ['local:volume1'] }] },
  {
    table: 'users',
    rows: [
      { email: 'one@example.com', domain: 'default' },
      { email: 'two@example.com', domain: null },
    ],
  },
];

describe.skipIf(needed.skip)(needed.title('the content of the servers'), { timeout: 60_000 }, () => {
  let real: RealStack;
  let making: Making;
  const signal = new AbortController().signal;

  beforeAll(async () => {
    real = await realStack();
    making = prepared(real);
    await real.engine.up(real.stack, real.control);
  }, 90_000);
  afterAll(() => real.remove());

  describe('etcd', () => {
    const etcd = () => making.endpoints.etcd;
    const keys = async () =>
      Object.fromEntries((await etcdRange(etcd(), '/', signal)).map(({ key, value }) => [key, value]));
    const fill = () => perform(making, only(etcdSteps(making)));
    const wanted = () => Object.fromEntries(etcdEntries(making).map(({ key, value }) => [key, value]));

    beforeEach(() => etcdRemove(etcd(), '/', signal));

    test('gets every key of the release and our marker', async () => {
      expect(await only(etcdSteps(making)).check?.()).toBe(false);
      expect(await fill()).toBe('done');
      const there = await keys();
      expect(there).toEqual({ ...wanted(), [etcdMarker]: making.spec.id });
      const { redis, storageManager } = making.spec.ports;
      expect(there).toMatchObject({
        '/sorna/local/config/redis/addr': `127.0.0.1:${redis}`,
        '/sorna/local/config/redis/password': making.secrets.redisPassword,
        '/sorna/local/config/docker/registry/cr.backend.ai/type': 'harbor2',
        '/sorna/local/volumes/proxies/local/manager_api': `https://127.0.0.1:${storageManager}`,
        '/sorna/local/images/_aliases/python': making.spec.release.imageAliases['python'],
      });
    });

    test("is the developer's from then on", async () => {
      await fill();
      await etcdRemove(etcd(), '/sorna/local/volumes/', signal);
      const left = await keys();
      expect(await fill()).toBe('kept');
      await only(etcdSteps(making)).run(real.control);
      expect(await keys()).toEqual(left);
    });

    test('without its mark is filled only where nothing is overwritten', async () => {
      const put = [{ key: '/sorna/local/config/redis/addr', value: 'elsewhere:1' }];
      await etcdTransaction(etcd(), { absent: [], put }, signal);
      await expect(fill()).rejects.toMatchObject({
        code: 'BAI-CONFLICT-DATA',
        message: expect.stringContaining('another value of /sorna/local/config/redis/addr') as string,
        more: { next: [{ command: `bai-dev install -e ${making.spec.id} --adopt-data` }, {}] },
      });
      expect(await keys()).toEqual({ [put[0]!.key]: put[0]!.value });
    });

    test('that only lost its mark gets it back, and is otherwise as it was', async () => {
      await fill();
      const mine = { key: '/sorna/local/mine', value: '1' };
      await etcdTransaction(etcd(), { absent: [], put: [mine] }, signal);
      const before = await keys();
      await etcdRemove(etcd(), etcdMarker, signal);
      expect(await fill()).toBe('done');
      expect(await keys()).toEqual(before);
    });

    test('is kept as it is where the user wants that', async () => {
      const put = [{ key: '/sorna/local/config/redis/addr', value: 'elsewhere:1' }];
      await etcdTransaction(etcd(), { absent: [], put }, signal);
      expect(await perform(making, only(etcdSteps({ ...making, adopt: true })))).toBe('done');
      expect(await keys()).toEqual({ [put[0]!.key]: put[0]!.value, [etcdMarker]: making.spec.id });
      expect(await fill()).toBe('kept');
    });
  });

  describe('the images of kernels', () => {
    const name = `cr.backend.ai/bai-dev-${process.pid}/kernel`;
    const key = `/sorna/local/images/cr.backend.ai/bai-dev-${process.pid}%2Fkernel`;
    const there: string[] = [];
    const notes: string[] = [];

    /** A stand-in with this one file in it, and what makes it an image of a kernel. */
    const load = (tag: string, ...labels: readonly string[]): string => {
      const changes = labels.flatMap((label) => ['-c', `LABEL ${label}`]);
      const archive = Buffer.alloc(1024);
      const input = { input: archive, encoding: 'utf8', timeout: 30_000 } as const;
      const id = execFileSync('docker', ['import', ...changes, '-', `${name}:${tag}`], input).trim();
      there.push(`${name}:${tag}`);
      return id;
    };
    const spec1 = 'ai.backend.kernelspec=1';
    const limits = ['ai.backend.resource.min.cpu=1', 'ai.backend.resource.min.mem=64m'];

    const steps = (kernelImages: readonly string[]) => {
      const report = {
        emit: (event: Event) => {
          if (event.kind === 'note') notes.push(event.message);
        },
      };
      return kernelSteps({
        ...making,
        world: { ...making.world, report },
        spec: { ...making.spec, kernelImages: [...kernelImages] },
      });
    };
    const keys = async () =>
      Object.fromEntries(
        (await etcdRange(making.endpoints.etcd, key, signal)).map(({ key: at, value }) => [
          at.slice(key.length),
          value,
        ]),
      );

    afterAll(() => {
      if (there.length > 0) command('docker', ['rmi', ...there]);
    });

    test('that no registry gives are named, and stop nothing', async () => {
      const missing = `${name}:missing`;
      const [pull] = steps([missing]);
      expect(await perform(making, pull!)).toBe('done');
      expect(notes.join()).toContain(`The image ${missing} could not be pulled`);
      expect(notes.join()).toContain(`"docker pull ${missing}"`);
    });

    test('are made known to the manager as the engine has them, and those that come later too', async () => {
      const id = load('1-first', spec1, ...limits, 'ai.backend.accelerators=cuda');
      load('1-second', spec1, ...limits);
      load('1-other', 'ai.backend.kernelspec=99', ...limits);
      load('1-limitless', spec1);
      const register = steps([])[0]!;
      expect(await register.check?.()).toBe(false);
      await perform(making, register);
      expect(await keys()).toMatchObject({
        '': '1',
        '/1-first': id,
        '/1-first/accels': 'cuda',
        '/1-first/labels/ai.backend.kernelspec': '1',
        '/1-first/resource/cpu/min': '1',
        '/1-first/resource/mem/min': '64m',
      });
      expect(Object.keys(await keys()).filter((at) => /other|limitless/.test(at))).toEqual([]);
      expect(await register.check?.()).toBe(true);
      load('2-later', spec1, ...limits);
      expect(await register.check?.()).toBe(false);
      await register.run(real.control);
      expect(Object.keys(await keys())).toContain('/2-later');
    });

    test('are pulled only where they are not there', async () => {
      notes.length = 0;
      load('3-there', spec1, ...limits);
      expect(await perform(making, steps([`${name}:3-there`])[0]!)).toBe('done');
      expect(notes).toEqual([]);
    });
  });

  describe('the database', () => {
    const database = () => making.endpoints.postgres;
    const use = <T>(act: (client: PostgresClient) => Promise<T>, name = database().database): Promise<T> =>
      withPostgres({ ...database(), database: name }, signal, act);
    const query = (text: string, name?: string): Promise<unknown[]> =>
      use(async (client) => (await client.query<Record<string, unknown>>(text)).rows, name);
    const fill = async (of = making) => {
      const outcomes: string[] = [];
      for (const step of databaseSteps(of)) outcomes.push(await perform(of, step));
      return outcomes;
    };
    const users = () => query('SELECT email FROM users ORDER BY email');
    const all = [{ email: 'one@example.com' }, { email: 'two@example.com' }];
    const identity = () => query('SELECT oid FROM pg_database WHERE datname = current_database()');

    beforeEach(async () => {
      await query(`DROP DATABASE IF EXISTS backend WITH (FORCE)`, 'postgres');
      await query(`CREATE DATABASE backend`, 'postgres');
    });

    test('gets its schema and its rows, as PostgreSQL reads them', async () => {
      expect(await fill()).toEqual(['done', 'done']);
      expect(await query('SELECT * FROM domains')).toEqual([{ name: 'default', hosts: ['local:volume1'] }]);
      expect(await users()).toEqual(all);
      expect(await fill()).toEqual(['kept', 'kept']);
    });

    test("is the developer's from then on", async () => {
      await fill();
      await query(`DELETE FROM users WHERE email = 'two@example.com'`);
      await query(`UPDATE alembic_version SET version_num = 'mine'`);
      await query('CREATE TABLE mine ()');
      const before = await identity();
      expect(await fill()).toEqual(['kept', 'kept']);
      for (const step of databaseSteps(making)) await step.run(real.control);
      expect(await users()).toEqual([{ email: 'one@example.com' }]);
      expect(await identity()).toEqual(before);
    });

    /** What the step itself writes before it begins the schema. */
    const begun = () => query(`COMMENT ON DATABASE backend IS 'bai-dev: filling for ${making.spec.id}'`);
    /** All that is in it, by PostgreSQL's own tools. */
    const dump = () => {
      const name = docker('ps', '-qf', `name=^${making.spec.id}-.*db`);
      return docker('exec', name, 'pg_dump', '-U', database().user, 'backend').replace(/restrict \S+/g, '');
    };

    test('is made again when a run was killed amid the schema, even if something is still connected', async () => {
      await begun();
      await query('CREATE TABLE domains (name text)');
      await query(`CREATE TYPE half AS ENUM ('made')`);
      await use(async (straggler) => {
        await straggler.query('SELECT 1');
        expect(await fill()).toEqual(['done', 'done']);
      });
      expect(await users()).toEqual(all);
      expect(await query(`SELECT FROM pg_type WHERE typname = 'half'`)).toEqual([]);
    });

    test.each([
      ['tables of its own', ['CREATE TABLE mine ()']],
      ['rows in a half schema', ['CREATE TABLE domains (name text)', `INSERT INTO domains VALUES ('mine')`]],
      ['tables in another schema', ['CREATE SCHEMA mine', 'CREATE TABLE mine.work (id int)']],
      ['a view', ['CREATE VIEW mine AS SELECT 1']],
      ['a function', [`CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`]],
      ['a large object', ['SELECT lo_create(0)']],
    ])('without a mark and with %s is left alone', async (_what, statements) => {
      for (const statement of statements) await query(statement);
      const before = [dump(), await identity()];
      await expect(fill()).rejects.toMatchObject({ code: 'BAI-CONFLICT-DATA' });
      expect([dump(), await identity()]).toEqual(before);
    });

    test('whose schema was begun is left alone as soon as rows are in it', async () => {
      await begun();
      await query('CREATE TABLE domains (name text)');
      await query(`INSERT INTO domains VALUES ('mine')`);
      await expect(fill()).rejects.toMatchObject({
        code: 'BAI-CONFLICT-DATA',
        message: expect.stringContaining('1 row in domains') as string,
      });
      expect(await query('SELECT name FROM domains')).toEqual([{ name: 'mine' }]);
    });

    test('that only lost its mark gets it back, and no row is written', async () => {
      await fill();
      await query(`INSERT INTO users VALUES ('three@example.com')`);
      await query('COMMENT ON DATABASE backend IS NULL');
      const before = dump();
      expect(await fill()).toEqual(['kept', 'done']);
      expect(dump()).toBe(before);
      expect(await fill()).toEqual(['kept', 'kept']);
    });

    test('is kept as it is where the user wants that', async () => {
      await query('CREATE TABLE mine ()');
      const before = dump();
      expect(await fill({ ...making, adopt: true })).toEqual(['done', 'kept']);
      expect(dump()).toBe(before);
      expect(await fill()).toEqual(['kept', 'kept']);
    });

    test('is made again when a run was killed between dropping and making it', async () => {
      await query('DROP DATABASE backend', 'postgres');
      expect(await fill()).toEqual(['done', 'done']);
      expect(await users()).toEqual(all);
    });

    test('keeps a whole schema when a run was killed before its rows', async () => {
      await perform(making, databaseSteps(making)[0]!);
      const before = await identity();
      expect(await fill()).toEqual(['kept', 'done']);
      expect(await identity()).toEqual(before);
      expect(await users()).toEqual(all);
    });

    test('is not made by a command that only says so, which no foreign BACKEND_ variable reaches', async () => {
      const script = `import os; print('made', [name for name in os.environ if name.startswith('BACKEND_')])`;
      const world = {
        ...making.world,
        host: {
          ...making.world.host,
          variables: { ...making.world.host.variables, BACKEND_DB_NAME: 'of another environment' },
        },
      };
      const liar = {
        ...withDatabase(making, { schema: { virtualenv: 'manager', arguments: ['-c', script] } }),
        world,
      };
      await expect(fill(liar)).rejects.toMatchObject({
        code: 'BAI-DATABASE',
        message: expect.stringContaining('made 0 at no revision') as string,
        more: { lines: ['made []'] },
      });
    });

    test('gets all rows or none', async () => {
      const broken = [
        fixture[0],
        { table: 'users', rows: [{ email: 'three@example.com', domain: 'nowhere' }] },
      ];
      write(making, 'fixtures/database/broken.json', JSON.stringify(broken));
      await expect(fill(withDatabase(making, { fixtures: ['database/broken.json'] }))).rejects.toMatchObject({
        code: 'BAI-DATABASE',
      });
      expect(await query('SELECT * FROM domains')).toEqual([]);
      expect(await fill()).toEqual(['kept', 'done']);
    });

    test('says so when rows of that name are there and differ', async () => {
      await perform(making, databaseSteps(making)[0]!);
      await query(`INSERT INTO domains VALUES ('default', ARRAY['elsewhere'])`);
      await expect(fill()).rejects.toMatchObject({
        code: 'BAI-DATABASE',
        more: { facts: { table: 'domains' } },
      });
      expect(await users()).toEqual([]);
    });
  });
});

/** The stack's environment with a manager that has nothing but a schema command, a stand-in for the release's own. */
function prepared(real: RealStack): Making {
  const { world, stack, engine } = real;
  const assets = join(real.box.folder, 'assets');
  for (const folder of ['templates', 'fixtures']) {
    cpSync(join(repository, folder), join(assets, folder), { recursive: true });
  }
  const { spec, secrets } = real.record;
  const making = withDatabase(
    {
      world: { ...world, host: { ...world.host, assets } },
      spec,
      secrets,
      engine,
      stack,
      former: [],
      endpoints: stack.endpoints,
      // never empty, so that a step that is there already is seen as kept
      resources: () => [{ kind: 'lease', base: spec.portBase }],
    },
    {
      schema: { virtualenv: 'manager', arguments: [standInSchema, 'oneshot'] },
      head: 'standin1',
      tables: 3,
      fixtures: ['database/standin.json'],
    },
  );
  write(making, 'fixtures/database/standin.json', JSON.stringify(fixture));
  const tree = treePath(spec, 'manager');
  mkdirSync(join(tree, '.venv', 'bin'), { recursive: true });
  symlinkSync(
    command('python3', ['-c', 'import sys; print(sys.executable)']),
    join(tree, '.venv', 'bin', 'python'),
  );
  const ini = '[alembic]\nsqlalchemy.url = {{databaseUrl}}\n';
  writeFileSync(join(tree, 'alembic.ini'), render(ini, valuesOf(spec, secrets), 'ini'));
  return making;
}

function withDatabase(making: Making, change: Partial<Release['database']>): Making {
  const { release } = making.spec;
  return {
    ...making,
    spec: { ...making.spec, release: { ...release, database: { ...release.database, ...change } } },
  };
}

function write(making: Making, path: string, text: string): void {
  writeFileSync(join(making.world.host.assets, path), text);
}

function only<T>(list: readonly T[]): T {
  const [first, ...others] = list;
  if (first === undefined || others.length > 0) throw new Error(`there are ${list.length} instead of one`);
  return first;
}
