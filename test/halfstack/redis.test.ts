import { afterEach, expect, test } from 'vitest';
import { pingRedis } from '../../src/halfstack/redis.ts';
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
