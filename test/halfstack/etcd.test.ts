import { createServer } from 'node:http';
import { createServer as createRaw, type AddressInfo } from 'node:net';
import { execa } from 'execa';
import { afterEach, expect, test } from 'vitest';
import type { Endpoints } from '../../src/halfstack/engine.ts';
import { etcdRange, probeEtcd } from '../../src/halfstack/etcd.ts';
import { repository } from '../rig/world.ts';
import { freePort } from './server.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
const never = new AbortController().signal;

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
  expect(await probeEtcd(await saying(503, '{"health":"false","reason":"RAFT NO LEADER"}'), never)).toEqual({
    ready: false,
    final: false,
    reason: 'RAFT NO LEADER',
  });
  expect(await probeEtcd(await saying(200, 'hello'), never)).toMatchObject({ ready: false });
});

test.each(['null', '[]', '{"kvs":7}', '{"kvs":[{"value":"x"}]}', '"text"', '1e999'])(
  'the answer %s is a failure, and no mistake of bai-dev',
  async (body) => {
    await expect(etcdRange(await saying(200, body), '/sorna')).rejects.toMatchObject({ code: 'BAI-ETCD' });
  },
);

test('refusals and silence are failures with the server’s own words', async () => {
  const refusing = await saying(400, '{"error":"etcdserver: key is not provided","code":3}');
  await expect(etcdRange(refusing, '/sorna')).rejects.toMatchObject({
    code: 'BAI-ETCD',
    message: expect.stringContaining('key is not provided') as string,
  });
  const gone = { url: `http://127.0.0.1:${await freePort()}` };
  await expect(etcdRange(gone, '/sorna')).rejects.toMatchObject({ code: 'BAI-ETCD' });
});

test('one that hangs up as soon as it is called is told, also where nothing else keeps Node alive', async () => {
  // as Docker's proxy does for a container that is going or coming
  const server = createRaw((socket) => {
    socket.on('error', () => undefined).resume();
    setTimeout(() => socket.end(), Math.random() * 3);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({ close: () => new Promise((resolve) => server.close(() => resolve())) });
  const module = new URL('../../src/halfstack/etcd.ts', import.meta.url).href;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const code = `
    const { etcdRange } = await import(${JSON.stringify(module)});
    await etcdRange({ url: ${JSON.stringify(url)} }, '/sorna').catch(({ code }) => process.stdout.write(code));`;
  const asked = Array.from({ length: 12 }, async () => {
    const args = ['--import', 'tsx', '--input-type=module', '-e', code];
    const { stdout } = await execa(process.execPath, args, {
      cwd: repository,
      timeout: 30_000,
      reject: false,
    });
    return stdout;
  });
  expect(await Promise.all(asked)).toEqual(asked.map(() => 'BAI-ETCD'));
});
