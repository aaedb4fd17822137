import { afterEach, expect, test } from 'vitest';
import type { Endpoints } from '../../src/halfstack/engine.ts';
import { probePostgres, withPostgres } from '../../src/halfstack/postgres.ts';
import { freePort, standInServer, type StandInServer } from './server.ts';

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

test('a server without the database is well all the same', async () => {
  const port = await saying(error('3D000', 'database "backend" does not exist'));
  expect(await probePostgres(endpoint(port), never)).toEqual({ ready: true });
});

test('a refused, closed or silent connection may become better', async () => {
  expect(await probePostgres(endpoint(await freePort()), never)).toMatchObject({ final: false });
  const closing = await server((socket) => socket.end());
  expect(await probePostgres(endpoint(closing.port), never)).toMatchObject({ final: false });
  const silent = await server(() => undefined);
  expect(await probePostgres(endpoint(silent.port), never)).toMatchObject({ final: false });
});

test('a login that is interrupted in its midst is given up at once', async () => {
  const silent = await server((socket) => void socket.resume());
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('interrupted')), 100);
  await expect(probePostgres(endpoint(silent.port), controller.signal)).rejects.toThrow('interrupted');
}, 5000);

test('a connection that is not made is a failure that names the place, and not the password', async () => {
  const port = await freePort();
  const failure = withPostgres(endpoint(port), never, () => Promise.resolve());
  await expect(failure).rejects.toMatchObject({ code: 'BAI-DATABASE' });
  await expect(failure).rejects.toThrow(`127.0.0.1:${port}`);
  await expect(failure).rejects.not.toThrow('secret');
});
