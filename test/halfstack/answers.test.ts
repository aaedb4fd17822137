import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { Endpoints } from '../../src/halfstack/engine.ts';
import { etcdRange, probeEtcd } from '../../src/halfstack/etcd.ts';
import { probePostgres, withPostgres } from '../../src/halfstack/postgres.ts';
import { waitUntilAnswering, type Waiting } from '../../src/halfstack/ready.ts';
import { pingRedis } from '../../src/halfstack/redis.ts';
import { standInServer, type StandInServer } from './server.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
async function server(...args: Parameters<typeof standInServer>): Promise<StandInServer> {
  const made = await standInServer(...args);
  open.push(made);
  return made;
}
const never = new AbortController().signal;
/** A port on which nothing listens: it was just given back. */
async function freePort(): Promise<number> {
  const made = await standInServer(() => undefined);
  await made.close();
  return made.port;
}

describe('Redis', () => {
  const saying = async (answer: string, password?: string) => {
    const { port } = await server((socket) => void socket.once('data', () => socket.write(answer)));
    return pingRedis({ host: '127.0.0.1', port, ...(password === undefined ? {} : { password }) }, never);
  };

  test('answers', async () => {
    expect(await saying('+PONG\r\n')).toEqual({ ready: true });
    expect(await saying('+OK\r\n+PONG\r\n', 'secret')).toEqual({ ready: true });
  });

  test('an answer in pieces is awaited', async () => {
    const { port } = await server((socket) => {
      socket.once('data', () => {
        socket.write('+OK\r\n+PO');
        setTimeout(() => socket.write('NG\r\n'), 30);
      });
    });
    expect(await pingRedis({ host: '127.0.0.1', port, password: 'secret' }, never)).toEqual({ ready: true });
  });

  test.each([
    ['-LOADING Redis is loading the dataset in memory\r\n', false],
    ['-NOAUTH Authentication required.\r\n', true],
    ['HTTP/1.1 400 Bad Request\r\n', true],
  ])('%j is an answer', async (answer, final) => {
    expect(await saying(answer)).toMatchObject({ ready: false, final });
  });

  test.each([
    ['-WRONGPASS invalid username-password pair\r\n-NOAUTH Authentication required.\r\n'],
    ['-ERR AUTH <password> called without any password configured for the default user.\r\n+PONG\r\n'],
  ])('%j means that the password is wrong for good', async (answer) => {
    expect(await saying(answer, 'secret')).toMatchObject({ ready: false, final: true });
  });

  test('refused and closed connections may become better', async () => {
    const refused = await pingRedis({ host: '127.0.0.1', port: await freePort() }, never);
    expect(refused).toMatchObject({ ready: false, final: false });
    const { port } = await server((socket) => socket.end());
    expect(await pingRedis({ host: '127.0.0.1', port }, never)).toMatchObject({ ready: false, final: false });
  });

  test('silence ends with the limit', async () => {
    const { port } = await server(() => undefined);
    const answer = await pingRedis({ host: '127.0.0.1', port }, never);
    expect(answer).toEqual({ ready: false, final: false, reason: 'no whole answer within 2000 ms' });
  });
});

describe('PostgreSQL', () => {
  const endpoint = (port: number): Endpoints['postgres'] => ({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password: 'secret',
    database: 'backend',
  });
  /** An ErrorResponse of its protocol: type E, length, fields ended by zeros. */
  const error = (code: string, message: string): Buffer => {
    const fields = Buffer.from(`SFATAL\0C${code}\0M${message}\0\0`);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(fields.length + 4);
    return Buffer.concat([Buffer.from('E'), length, fields]);
  };
  const saying = async (answer: Buffer): Promise<number> =>
    (await server((socket) => void socket.once('data', () => socket.end(answer)))).port;

  test('starting up passes, a refused login does not', async () => {
    const starting = await saying(error('57P03', 'the database system is starting up'));
    expect(await probePostgres(endpoint(starting), never)).toEqual({
      ready: false,
      final: false,
      reason: 'the database system is starting up',
    });
    const refused = await saying(error('28P01', 'password authentication failed for user "postgres"'));
    expect(await probePostgres(endpoint(refused), never)).toMatchObject({ ready: false, final: true });
  });

  test('a refused, closed or silent connection may become better', async () => {
    expect(await probePostgres(endpoint(await freePort()), never)).toMatchObject({ final: false });
    const closing = await server((socket) => socket.end());
    expect(await probePostgres(endpoint(closing.port), never)).toMatchObject({ final: false });
    const silent = await server(() => undefined);
    expect(await probePostgres(endpoint(silent.port), never)).toMatchObject({ final: false });
  });

  test('a connection that is not made is a failure that names the place, and not the password', async () => {
    const port = await freePort();
    const failure = withPostgres(endpoint(port), never, () => Promise.resolve());
    await expect(failure).rejects.toMatchObject({ code: 'BAI-DATABASE' });
    await expect(failure).rejects.toThrow(`127.0.0.1:${port}`);
    await expect(failure).rejects.not.toThrow('secret');
  });
});

describe('etcd', () => {
  async function saying(status: number, body: string): Promise<Endpoints['etcd']> {
    const made = createServer((_request, response) => response.writeHead(status).end(body));
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    open.push({ close: () => new Promise((resolve) => made.close(() => resolve())) });
    const address = made.address();
    return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}` };
  }

  test('health is a word, or in newer ones a boolean', async () => {
    expect(await probeEtcd(await saying(200, '{"health":"true"}'), never)).toEqual({ ready: true });
    expect(await probeEtcd(await saying(200, '{"health":true}'), never)).toEqual({ ready: true });
    expect(await probeEtcd(await saying(503, '{"health":"false","reason":"RAFT NO LEADER"}'), never)).toEqual(
      {
        ready: false,
        final: false,
        reason: 'RAFT NO LEADER',
      },
    );
    expect(await probeEtcd(await saying(200, 'hello'), never)).toMatchObject({ ready: false });
  });

  test('refusals and silence are failures with the server’s own words', async () => {
    const refusing = await saying(400, '{"error":"etcdserver: key is not provided","code":3}');
    await expect(etcdRange(refusing, '/sorna')).rejects.toMatchObject({
      code: 'BAI-ETCD',
      message: expect.stringContaining('key is not provided') as string,
    });
    const gone = { url: `http://127.0.0.1:${await freePort()}` };
    await expect(etcdRange(gone, '/sorna')).rejects.toMatchObject({ code: 'BAI-ETCD' });
  });
});

describe('waiting', () => {
  const waiting = async (change: Partial<Waiting> = {}): Promise<Waiting> => {
    const port = await freePort();
    return {
      endpoints: {
        postgres: { host: '127.0.0.1', port, user: 'u', password: 'p', database: 'd' },
        redis: { host: '127.0.0.1', port },
        etcd: { url: `http://127.0.0.1:${port}` },
      },
      roles: ['postgres', 'redis', 'etcd'],
      limit: 20,
      signal: never,
      onAnswer: () => undefined,
      trouble: () => Promise.resolve(undefined),
      lastLines: () => Promise.resolve([]),
      ...change,
    };
  };

  test('ends with the first that is beyond hope, and names it, its reason and its last lines', async () => {
    const wait = await waiting({
      trouble: (role) =>
        Promise.resolve(role === 'redis' ? { reason: 'it ended with status 1', final: true } : undefined),
      lastLines: (role) => Promise.resolve([`last words of ${role}`]),
    });
    await expect(waitUntilAnswering(wait)).rejects.toMatchObject({
      code: 'BAI-UNHEALTHY',
      message: expect.stringMatching(
        /^The halfstack's redis is not well: it ended with status 1; .*ECONNREFUSED/,
      ) as string,
      more: { facts: { service: 'redis' }, lines: ['last words of redis'] },
    });
  });

  test('ends with the limit', async () => {
    const wait = await waiting({ roles: ['etcd'], limit: 0.3 });
    await expect(waitUntilAnswering(wait)).rejects.toThrow(
      "The halfstack's etcd did not answer within 0.3 s",
    );
  });

  test('ends with an interrupt', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('interrupted')), 100);
    await expect(waitUntilAnswering(await waiting({ signal: controller.signal }))).rejects.toThrow(
      'interrupted',
    );
  });
});
