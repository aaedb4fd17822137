import { expect, test } from 'vitest';
import { waitUntilAnswering, type Waiting } from '../../src/halfstack/ready.ts';
import { freePort, standInServer } from './server.ts';

const never = new AbortController().signal;

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
  await expect(waitUntilAnswering(wait)).rejects.toThrow("The halfstack's etcd did not answer within 0.3 s");
});

test('ends with an interrupt', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('interrupted')), 100);
  await expect(waitUntilAnswering(await waiting({ signal: controller.signal }))).rejects.toThrow(
    'interrupted',
  );
});

test('asks again where a first question was lost', async () => {
  let connections = 0;
  const server = await standInServer((socket) => {
    connections += 1;
    if (connections > 1) socket.end('+PONG\r\n');
  });
  const wait = await waiting({ roles: ['redis'], limit: 1.5 });
  const endpoints = { ...wait.endpoints, redis: { host: '127.0.0.1', port: server.port } };
  await waitUntilAnswering({ ...wait, endpoints });
  expect(connections).toBe(2);
  await server.close();
});
