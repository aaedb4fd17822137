// One question to a server of this machine, over HTTP and over HTTPS with a certificate that it signed itself.
import { createServer, type Server } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { makeSecrets } from '../../src/environment/secrets.ts';
import { askLoopback } from '../../src/host/loopback.ts';
import { sandbox } from '../rig/world.ts';

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const { signal } = new AbortController();
const limit = 2000;

it('gives whatever is answered', async () => {
  const port = await listen(
    createServer((request, response) => {
      let text = '';
      request.on('data', (piece: Buffer) => (text += piece.toString()));
      request.on('end', () => response.writeHead(403).end(`${request.method} ${request.url} ${text} ü`));
    }),
  );
  expect(
    await askLoopback({ url: `http://127.0.0.1:${port}/x`, method: 'POST', body: 'hi', limit, signal }),
  ).toEqual({ status: 403, body: 'POST /x hi ü' });
});

it('believes a certificate of its own making', async () => {
  const box = sandbox();
  const { certificate: cert, certificateKey: key } = await makeSecrets(box.world);
  box.remove();
  const port = await listen(createSecure({ cert, key }, (_request, response) => response.end('safe')));
  expect(await askLoopback({ url: `https://127.0.0.1:${port}/`, limit, signal })).toMatchObject({
    body: 'safe',
  });
});

it('rejects when nobody listens, when the answer is late or breaks off, and when it is interrupted', async () => {
  const silent = await listen(createServer(() => undefined));
  const url = `http://127.0.0.1:${silent}/`;
  await expect(askLoopback({ url: 'http://127.0.0.1:1/', limit, signal })).rejects.toThrow('ECONNREFUSED');
  await expect(askLoopback({ url, limit: 100, signal })).rejects.toThrow('no answer within 100 ms');
  const controller = new AbortController();
  const asked = askLoopback({ url, limit, signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(asked).rejects.toThrow('enough');
  await expect(askLoopback({ url, limit, signal: controller.signal })).rejects.toThrow('enough');
  const rude = await listen(createServer((request) => request.socket.destroy()));
  await expect(askLoopback({ url: `http://127.0.0.1:${rude}/`, limit, signal })).rejects.toThrow();
});

it('rejects an answer without end', async () => {
  const port = await listen(
    createServer((_request, response) => {
      const more = (): void => {
        if (response.destroyed) return;
        response.write('x'.repeat(10_000));
        setImmediate(more);
      };
      more();
    }),
  );
  const asked = askLoopback({ url: `http://127.0.0.1:${port}/`, limit: 20_000, bytes: 100_000, signal });
  await expect(asked).rejects.toThrow('more than 100000 bytes');
});
