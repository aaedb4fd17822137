import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { get, withoutCredentials } from '../../src/host/http.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let servers: Server[];
beforeEach(() => {
  box = sandbox({ variables: direct });
  servers = [];
});
afterEach(() => {
  for (const server of servers) server.close().closeAllConnections();
  box.remove();
});

/** This machine's own proxies have no part in it. */
const direct = Object.fromEntries(
  ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'].flatMap((name) => [
    [name, undefined],
    [name.toUpperCase(), undefined],
  ]),
);

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('getting a text', () => {
  it('gives status, type, text and where redirects led', async () => {
    const at = await serve((request, response) => {
      if (request.url === '/old') response.writeHead(302, { location: '/new/' }).end();
      else response.writeHead(404, { 'content-type': 'text/x-test' }).end('nö');
    });
    expect(await get(box.world, { url: `${at}/old` })).toEqual({
      status: 404,
      type: 'text/x-test',
      url: `${at}/new/`,
      text: 'nö',
    });
  });

  it('tries again what may pass', async () => {
    let asked = 0;
    const at = await serve((request, response) => {
      asked += 1;
      if (asked === 1) request.socket.destroy();
      else if (asked === 2) response.writeHead(503, { 'retry-after': '0' }).end();
      else response.end('there');
    });
    expect((await get(box.world, { url: at })).text).toBe('there');
    expect(asked).toBe(3);
  });

  it('gives up with the reason', async () => {
    const at = await serve((_request, response) => response.writeHead(500).end());
    await expect(get(box.world, { url: at, retries: 1 })).rejects.toMatchObject({
      code: 'BAI-NETWORK',
      message: `${at}/ could not be reached: the server answers 500.`,
    });
  });

  it('does not wait for a server that says nothing, or nothing more', async () => {
    const at = await serve((request, response) => {
      if (request.url === '/half') response.writeHead(200).write('half');
    });
    for (const path of ['/never', '/half']) {
      await expect(get(box.world, { url: at + path, limit: 0.2, retries: 0 })).rejects.toMatchObject({
        code: 'BAI-NETWORK',
        message: expect.stringContaining('nothing was heard for 0.2 s') as string,
      });
    }
  });

  it('sends credentials as such and shows them nowhere', async () => {
    const at = await serve((request, response) => response.end(request.headers.authorization));
    const url = at.replace('//', '//me:p%40ss@');
    const { text } = await get(box.world, { url });
    expect(Buffer.from(text.replace('Basic ', ''), 'base64').toString()).toBe('me:p@ss');
    expect(withoutCredentials(url)).toBe(`${at}/`);
    servers[0]?.close().closeAllConnections();
    const failure: unknown = await get(box.world, { url, retries: 0 }).catch((error: unknown) => error);
    expect(JSON.stringify(failure) + String(failure)).not.toContain('p%40ss');
    expect(failure).toMatchObject({ code: 'BAI-NETWORK' });
  });

  it('goes through the proxy that the variables name', async () => {
    const through: string[] = [];
    const proxy = createServer();
    servers.push(proxy);
    const at = await serve((_request, response) => response.end('behind it'));
    proxy.on('connect', (request, client, head) => {
      through.push(request.url ?? '');
      const target = connect(Number(new URL(at).port), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        target.write(head);
        target.pipe(client).pipe(target);
      });
      target.on('error', () => client.destroy());
      client.on('error', () => target.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const inside = sandbox({ variables: { ...direct, http_proxy: address } });
    try {
      expect((await get(inside.world, { url: 'http://index.invalid:8080/' })).text).toBe('behind it');
      expect(through).toEqual(['index.invalid:8080']);
    } finally {
      inside.remove();
    }
  });

  it('ends with the run', async () => {
    const at = await serve(() => undefined);
    const asked = get(box.world, { url: at });
    const reason = new Error('interrupted');
    setTimeout(() => box.abort(reason), 50);
    await expect(asked).rejects.toBe(reason);
  });
});
