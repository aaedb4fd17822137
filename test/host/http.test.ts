import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { get, withoutCredentials } from '../../src/host/http.ts';
import { forever, head, hostile, type Hostile } from './hostile.ts';
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
        message: expect.stringContaining('received') as string,
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

describe('a hostile server', () => {
  const hostiles: Hostile[] = [];
  afterEach(() => hostiles.splice(0).forEach((one) => one.close()));
  const start = async (answer: Parameters<typeof hostile>[0]): Promise<Hostile> => {
    const server = await hostile(answer);
    hostiles.push(server);
    return server;
  };
  const small = { bytes: 200_000 };
  const bomb = gzipSync(Buffer.alloc(20_000_000));

  it.each<[string, Parameters<typeof hostile>[0], RegExp]>([
    [
      'drips bytes',
      (socket) => {
        socket.write(head('200 OK', { 'content-length': 1_000_000 }));
        forever(socket, 'x', 20);
      },
      /fewer than \d+ bytes were received in 0.3 s/,
    ],
    [
      'drips headers',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        forever(socket, 'a: b\r\n', 20);
      },
      /nothing was received for 0.3 s/,
    ],
    [
      'has a body without end',
      (socket) => {
        socket.write(head('200 OK'));
        forever(socket, 'x'.repeat(10_000));
      },
      /the answer has more than 200000 bytes/,
    ],
    [
      'has headers without end',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        forever(socket, `a: ${'b'.repeat(1000)}\r\n`);
      },
      /Headers Overflow/,
    ],
    [
      'sends a gzip bomb',
      (socket) => {
        socket.end(
          Buffer.concat([
            Buffer.from(head('200 OK', { 'content-encoding': 'gzip', 'content-length': bomb.length })),
            bomb,
          ]),
        );
      },
      /the answer has more than 200000 bytes/,
    ],
    [
      'promises more than it sends',
      (socket) => {
        socket.end(`${head('200 OK', { 'content-length': 100 })}short`);
      },
      /other side closed/,
    ],
    [
      'redirects in a circle',
      (socket) => {
        socket.write(head('302 Found', { location: '/again', 'content-length': 0 }));
      },
      /redirect count exceeded/,
    ],
    [
      'redirects to a file',
      (socket) => {
        socket.write(head('302 Found', { location: 'file:///etc/passwd', 'content-length': 0 }));
      },
      /URL scheme must be a HTTP\(S\) scheme/,
    ],
    [
      'redirects to nothing',
      (socket) => {
        socket.write(head('302 Found', { location: 'http://[', 'content-length': 0 }));
      },
      /Invalid URL/,
    ],
    ['speaks no HTTP', (socket) => socket.end('220 mail.test ESMTP\r\n'), /HTTP/],
  ])('that %s ends as BAI-NETWORK with the reason', async (what, answer, reason) => {
    const { url } = await start(answer);
    // twenty redirects take their time on a busy machine
    const limit = what.startsWith('drips') ? 0.3 : 20;
    const asked = get(box.world, { url, limit, retries: 0, limits: small });
    await expect(asked).rejects.toMatchObject({
      code: 'BAI-NETWORK',
      message: expect.stringMatching(reason) as string,
    });
  });

  it('that is always just quick enough ends when the whole takes too long, without another try', async () => {
    const server = await start((socket) => {
      socket.write(head('200 OK'));
      forever(socket, 'x'.repeat(100), 10);
    });
    const limits = { whole: 0.5, rate: 10 };
    await expect(get(box.world, { url: server.url, limit: 0.3, limits })).rejects.toMatchObject({
      message: expect.stringContaining('took longer than') as string,
    });
    expect(server.requests).toHaveLength(1);
  });

  it('gets no credentials of another, and its refusal is read to a limit', async () => {
    const other = await start((socket) => {
      socket.write(head('403 Forbidden'));
      forever(socket, 'no'.repeat(10_000));
    });
    const first = await start((socket) => {
      socket.write(head('302 Found', { location: `${other.url}/`, 'content-length': 0 }));
    });
    const answer = await get(box.world, { url: first.url.replace('//', '//me:secret@') });
    expect(answer.status).toBe(403);
    expect(answer.text.length).toBeLessThan(200_000);
    expect(first.requests[0]).toMatch(/^authorization: Basic/im);
    expect(other.requests[0]).not.toMatch(/authorization/i);
  });

  it('and credentials with a lone percent sign are sent as they are', async () => {
    const server = await start((socket) => socket.end(head('200 OK', { 'content-length': 0 })));
    await get(box.world, { url: server.url.replace('//', '//%zz:%zz@') });
    const sent = /authorization: Basic (\S+)/i.exec(server.requests[0] ?? '')?.[1] ?? '';
    expect(Buffer.from(sent, 'base64').toString()).toBe('%zz:%zz');
  });
});
