// The halfstack in a real engine: real servers, real data, and everything a developer may do to them meanwhile.
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { composeText } from '../../src/halfstack/compose.ts';
import { dockerEngine } from '../../src/halfstack/docker/engine.ts';
import { etcdRange, etcdRemove, etcdTransaction } from '../../src/halfstack/etcd.ts';
import { withPostgres } from '../../src/halfstack/postgres.ts';
import { pingRedis } from '../../src/halfstack/redis.ts';
import { askSocket } from '../../src/host/socket.ts';
import { describeResource, removeResource, resourceExists } from '../../src/resources/inventory.ts';
import { forEnvironment } from '../../src/world.ts';
import { requires } from '../rig/require.ts';
import { changed, command, docker, realStack, type RealStack } from './stack.ts';

const needed = requires('docker');
const compose = requires('docker', 'compose', 'compose1');

describe.skipIf(needed.skip)(needed.title('the halfstack in Docker'), { timeout: 90_000 }, () => {
  let real: RealStack;
  const signal = new AbortController().signal;
  const up = (stack = real.stack) => real.engine.up(stack, real.control);
  const states = async (stack = real.stack) => (await real.engine.status(stack)).map(({ state }) => state);
  const nameOf = (role: string) =>
    real.engine
      .resources(real.stack)
      .find(
        ({ kind, ...one }) =>
          kind === 'container' && 'name' in one && one.name.includes(role === 'postgres' ? '-db-' : role),
      )! as { name: string };
  const idOf = (role: string) => docker('inspect', '-f', '{{.Id}}', nameOf(role).name);
  const query = (text: string) =>
    withPostgres(
      real.stack.endpoints.postgres,
      signal,
      async (client) => (await client.query(text)).rows as unknown[],
    );

  beforeAll(async () => {
    real = await realStack();
  });
  afterAll(() => real.remove());

  test('images that are there are not pulled', async () => {
    expect(await real.engine.prepared(real.stack)).toBe(true);
    await real.engine.prepare(real.stack, real.control);
    expect(real.watched.changes()).toEqual([]);
  });

  test('comes up from nothing, each server answers by its own protocol', async () => {
    expect(await states()).toEqual(['absent', 'absent', 'absent']);
    await up();
    const { postgres, redis, etcd } = real.record.spec.ports;
    expect(real.summary()).toBe(`postgres ${postgres} · redis ${redis} · etcd ${etcd}`);
    expect(await states()).toEqual(['healthy', 'healthy', 'healthy']);
    expect(await query('select current_database() as name')).toEqual([
      { name: real.record.spec.release.database.name },
    ]);
    expect(await pingRedis(real.stack.endpoints.redis, signal)).toEqual({ ready: true });
  });

  test('secrets are in no address that the engine or a log of it sees', () => {
    const asked = real.watched.requests.join('\n');
    const { databasePassword, redisPassword } = real.record.secrets;
    expect([asked.includes(databasePassword), asked.includes(redisPassword)]).toEqual([false, false]);
  });

  test('listens on loopback only, and keeps its data in named volumes only', () => {
    for (const { name } of ['postgres', 'redis', 'etcd'].map(nameOf)) {
      const bindings = JSON.parse(docker('inspect', '-f', '{{json .NetworkSettings.Ports}}', name)) as object;
      const addresses = Object.values(bindings).flatMap((ports: { HostIp: string }[] | null) => ports ?? []);
      expect(addresses.map(({ HostIp }) => HostIp)).toEqual(['127.0.0.1']);
      const mounts = JSON.parse(docker('inspect', '-f', '{{json .Mounts}}', name)) as {
        Type: string;
        Name: string;
      }[];
      expect(mounts.map(({ Type }) => Type)).toEqual(['volume']);
      expect(mounts[0]?.Name).toMatch(new RegExp(`^${real.stack.project}_`));
    }
  });

  test('upstream’s own healthchecks find the servers well', async () => {
    const health = (role: string) => docker('inspect', '-f', '{{.State.Health.Status}}', nameOf(role).name);
    await expect
      .poll(() => ['postgres', 'redis', 'etcd'].map(health), { timeout: 90_000, interval: 500 })
      .toEqual(['healthy', 'healthy', 'healthy']);
  });

  test('up on a running stack changes nothing', async () => {
    const before = real.watched.changes().length;
    await up();
    expect(real.watched.changes().slice(before)).toEqual([]);
  });

  test('etcd: a transaction happens whole, once', async () => {
    const { etcd } = real.stack.endpoints;
    const put = [
      { key: '/sorna/local/a', value: 'één' },
      { key: '/sorna/local/b', value: '' },
    ];
    const once = {
      absent: ['/sorna/local/marker'],
      put: [...put, { key: '/sorna/local/marker', value: '1' }],
    };
    expect(await etcdTransaction(etcd, once)).toBe(true);
    expect(await etcdTransaction(etcd, { ...once, put: [{ key: '/sorna/local/a', value: 'no' }] })).toBe(
      false,
    );
    await etcdTransaction(etcd, { absent: [], put: [{ key: '/sorna/localized', value: 'x' }] });
    expect(await etcdRange(etcd, '/sorna/local/')).toEqual([
      ...put,
      { key: '/sorna/local/marker', value: '1' },
    ]);
    const again = { absent: [], removePrefixes: ['/sorna/local/'], put: [{ key: '/other', value: 'y' }] };
    expect(await etcdTransaction(etcd, again)).toBe(true);
    expect(await etcdRange(etcd, '/sorna/local/')).toEqual([]);
    expect(await etcdRemove(etcd, '/sorna/localized')).toBe(1);
    expect(await etcdRemove(etcd, '/sorna/localized')).toBe(0);
    expect(await etcdRange(etcd, '/o')).toEqual([{ key: '/other', value: 'y' }]);
  });

  test('an interrupt ends a connection in the middle of a transaction, which is undone', async () => {
    const controller = new AbortController();
    const use = withPostgres(real.stack.endpoints.postgres, controller.signal, async (client) => {
      await client.query('create table once (n int)');
      await client.query('begin; drop table once');
      setTimeout(() => controller.abort(new Error('interrupted')), 50);
      // the server sees only at its end that nobody listens any more
      await client.query('select pg_sleep(1)');
    });
    await expect(use).rejects.toThrow('interrupted');
    // waits for the lock of the open transaction, and would find no table if that had been kept
    expect(await query('select count(*)::int as n from once')).toEqual([{ n: 0 }]);
  });

  test('stopped and started, it still has its data', async () => {
    await query('create table kept (n int); insert into kept values (42)');
    const { host, port, password } = real.stack.endpoints.redis;
    const send = `AUTH ${password}\r\nSET kept 42\r\n`;
    const whole = (text: string) => text.split('\r\n').length > 2;
    expect(await askSocket({ host, port, send, whole, limit: 2000, signal })).toBe('+OK\r\n+OK\r\n');
    await etcdTransaction(real.stack.endpoints.etcd, { absent: [], put: [{ key: '/kept', value: '42' }] });
    await real.engine.stop(real.stack);
    expect(await states()).toEqual(['stopped', 'stopped', 'stopped']);
    const ids = ['postgres', 'redis', 'etcd'].map(idOf);
    await up();
    expect(['postgres', 'redis', 'etcd'].map(idOf)).toEqual(ids);
    expect(await query('select n from kept')).toEqual([{ n: 42 }]);
    const get = `AUTH ${password}\r\nGET kept\r\n`;
    const answered = (text: string) => text.split('\r\n').length > 3;
    const value = await askSocket({ host, port, send: get, whole: answered, limit: 2000, signal });
    expect(value).toBe('+OK\r\n$2\r\n42\r\n');
    expect(await etcdRange(real.stack.endpoints.etcd, '/kept')).toEqual([{ key: '/kept', value: '42' }]);
  });

  test('a container removed by hand is made again around its data, the others stay', async () => {
    const [redis, etcd] = [idOf('redis'), idOf('etcd')];
    docker('rm', '-f', nameOf('postgres').name);
    expect(await states()).toEqual(['absent', 'healthy', 'healthy']);
    await up();
    expect(await query('select n from kept')).toEqual([{ n: 42 }]);
    expect([idOf('redis'), idOf('etcd')]).toEqual([redis, etcd]);
  });

  test('a paused, a killed and a never started container run again', async () => {
    docker('pause', nameOf('redis').name);
    docker('kill', nameOf('etcd').name);
    docker('rm', '-f', nameOf('postgres').name);
    const before = real.watched.changes().length;
    await up();
    expect(await states()).toEqual(['healthy', 'healthy', 'healthy']);
    const [image, changes] = [real.stack.services[0]!.image, real.watched.changes().slice(before)];
    expect(changes.some((one) => one.includes('unpause'))).toBe(true);
    // as a run leaves it that was killed between making and starting
    docker('rm', '-f', nameOf('postgres').name);
    const labels = ['--label', `dev.bai-dev.environment=${real.stack.project}`];
    docker('create', '--name', nameOf('postgres').name, ...labels, image);
    await up();
    expect(await query('select n from kept')).toEqual([{ n: 42 }]);
  });

  test('another definition remakes its container and no other', async () => {
    const [postgres, redis, etcd] = ['postgres', 'redis', 'etcd'].map(idOf);
    const stack = changed(real.stack, 'redis', (service) => ({
      ...service,
      command: [...(service.command ?? []), '--maxclients', '321'],
    }));
    await up(stack);
    expect([idOf('postgres'), idOf('etcd')]).toEqual([postgres, etcd]);
    expect(idOf('redis')).not.toBe(redis);
    await up();
  });

  test('a network removed by hand comes back', async () => {
    for (const { name } of ['postgres', 'redis', 'etcd'].map(nameOf)) {
      docker('network', 'disconnect', '-f', `${real.stack.project}_half`, name);
    }
    docker('network', 'rm', `${real.stack.project}_half`);
    await up();
    expect(await states()).toEqual(['healthy', 'healthy', 'healthy']);
    expect(await query('select n from kept')).toEqual([{ n: 42 }]);
  });

  test.skipIf(compose.skip)(
    compose.title('compose 2 and 1.29 see, stop and start it from any folder'),
    async () => {
      const { project, composeFile } = real.stack;
      for (const words of [
        ['docker', 'compose', '-p', project],
        ['docker-compose', '-f', composeFile, '-p', project],
      ]) {
        const run = (...args: string[]) => command(words[0]!, [...words.slice(1), ...args], '/tmp');
        const shown = run('ps');
        for (const { name } of ['postgres', 'redis', 'etcd'].map(nameOf)) expect(shown).toContain(name);
        run('stop');
        expect(await states()).toEqual(['stopped', 'stopped', 'stopped']);
        run('start');
        await expect.poll(() => states(), { timeout: 90_000 }).toEqual(['healthy', 'healthy', 'healthy']);
        const before = real.watched.changes().length;
        await up();
        expect(real.watched.changes().slice(before)).toEqual([]);
      }
    },
  );

  test.skipIf(compose.skip)(
    compose.title('both take the file, and what compose 2 makes of it is ours'),
    async () => {
      const { project, composeFile } = real.stack;
      expect(composeText(real.stack, real.world.host.owner)).toContain('127.0.0.1');
      command('docker-compose', ['-f', composeFile, '-p', project, 'config', '-q']);
      command('docker', ['compose', '-f', composeFile, '-p', project, 'up', '-d']);
      await expect.poll(() => states(), { timeout: 90_000 }).toEqual(['healthy', 'healthy', 'healthy']);
      expect(await query('select n from kept')).toEqual([{ n: 42 }]);
      await up();
      expect(await query('select n from kept')).toEqual([{ n: 42 }]);
    },
  );

  test('a server that ends at once is a failure with its last words', async () => {
    const stack = changed(real.stack, 'redis', (service) => ({
      ...service,
      command: ['redis-server', '--no-such-option', 'yes'],
      restart: 'no',
    }));
    const failure = await up(stack).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      code: 'BAI-UNHEALTHY',
      message: expect.stringContaining("halfstack's redis") as string,
    });
    const { lines } = (failure as { more: { lines: string[] } }).more;
    expect(lines.join('\n')).toContain('no-such-option');
    await up();
  });

  test('a password that the old data does not know is told at once', async () => {
    const { endpoints } = real.stack;
    const stack = {
      ...real.stack,
      endpoints: { ...endpoints, postgres: { ...endpoints.postgres, password: 'other' } },
    };
    await expect(up(stack)).rejects.toThrow('password authentication failed');
    expect((await real.engine.status(stack))[0]).toMatchObject({ state: 'unhealthy' });
  });

  test('a port that somebody took meanwhile is a conflict that names it', async () => {
    const server = createServer();
    const { port } = real.stack.endpoints.redis;
    await real.engine.stop(real.stack);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    await expect(up()).rejects.toMatchObject({
      code: 'BAI-OCCUPIED',
      message: expect.stringContaining(String(port)) as string,
    });
    await new Promise((resolve) => server.close(resolve));
    await up();
    expect(await states()).toEqual(['healthy', 'healthy', 'healthy']);
  });

  test('a stranger of the same name is never touched', async () => {
    const stranger = await realStack();
    const [service] = stranger.stack.services;
    const name = `${stranger.stack.project}-${service!.name}-1`;
    docker(
      'create',
      '--name',
      name,
      '--label',
      `com.docker.compose.project=${stranger.stack.project}`,
      service!.image,
    );
    await expect(stranger.engine.up(stranger.stack, stranger.control)).rejects.toMatchObject({
      code: 'BAI-CONFLICT-OWNER',
      exit: 5,
    });
    expect(stranger.watched.changes()).toEqual([]);
    expect((await stranger.engine.status(stranger.stack))[0]?.state).toBe('foreign');
    const resource = stranger.engine
      .resources(stranger.stack)
      .find((one) => 'name' in one && one.name === name)!;
    expect(await resourceExists(stranger.world, resource)).toBe(false);
    await expect(removeResource(stranger.world, resource)).rejects.toMatchObject({
      code: 'BAI-CONFLICT-OWNER',
    });
    expect(stranger.watched.changes()).toEqual([]);
    await stranger.remove();
  });

  test('another environment’s world removes nothing of this one', async () => {
    const other = forEnvironment(real.world, 'somebody-else');
    for (const resource of real.engine.resources(real.stack)) {
      await expect(removeResource(other, resource)).rejects.toMatchObject({ code: 'BAI-CONFLICT-OWNER' });
    }
    expect(await states()).toEqual(['healthy', 'healthy', 'healthy']);
  });

  test('an engine that is down keeps what it holds, and the failure says what waits', async () => {
    const gone = dockerEngine(real.world, 'unix:///nowhere/docker.sock');
    const [resource] = gone.resources(real.stack);
    await expect(removeResource(real.world, resource!)).rejects.toMatchObject({
      code: 'BAI-ENGINE',
      message: expect.stringContaining(`The ${describeResource(resource!)} is still there.`) as string,
    });
    await expect(gone.up(real.stack, real.control)).rejects.toMatchObject({ code: 'BAI-ENGINE' });
  });

  test('removed newest first, nothing is left, and twice is once', async () => {
    const resources = [...real.engine.resources(real.stack)].reverse();
    for (const resource of resources) {
      expect(await resourceExists(real.world, resource)).toBe(true);
      expect(await removeResource(real.world, resource)).toBe('removed');
      expect(await resourceExists(real.world, resource)).toBe(false);
    }
    for (const resource of resources) expect(await removeResource(real.world, resource)).toBe('absent');
    for (const kind of ['container', 'volume', 'network']) {
      expect(
        docker(kind, 'ls', '-q', '--filter', `label=com.docker.compose.project=${real.stack.project}`),
      ).toBe('');
    }
  });
});
