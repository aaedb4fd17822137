import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { isTaken, listeners, parseLsof, parseTable, portHolder } from '../../src/host/net.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A server of this process; port 0 lets the system choose. */
async function listen(host: string, port = 0): Promise<number> {
  const server: Server = createServer((socket) => socket.destroy());
  server.listen({ host, port, ipv6Only: host.includes(':') });
  await once(server, 'listening');
  ends.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A port that nobody has. */
async function freePort(): Promise<number> {
  const port = await listen('127.0.0.1');
  const end = ends.pop();
  end?.();
  return port;
}

describe('a port', () => {
  test.each(['127.0.0.1', '0.0.0.0', '::1', '::'])(
    'that somebody listens on at %s is taken',
    async (address) => {
      const port = await listen(address);
      expect(await isTaken(port)).toBe(true);
      expect((await listeners()).map((listener) => listener.port)).toContain(port);
    },
  );

  test('that nobody has is free, and is so still after it was asked', async () => {
    const port = await freePort();
    expect(await isTaken(port)).toBe(false);
    expect(await isTaken(port)).toBe(false);
    expect(await portHolder(port)).toBeUndefined();
    expect(await listen('0.0.0.0', port)).toBe(port);
  });

  test('is free although several ask at the same moment', async () => {
    const port = await freePort();
    expect(await Promise.all([isTaken(port), isTaken(port), isTaken(port)])).toEqual([false, false, false]);
  });

  test('that is bound without listening is taken: it answers nobody and is in no table', async () => {
    const script = `import socket, sys
s = socket.socket()
s.bind(('127.0.0.1', 0))
print(s.getsockname()[1], flush=True)
sys.stdin.read()`;
    const port = await python(script);
    expect((await listeners()).map((listener) => listener.port)).not.toContain(port);
    expect(await isTaken(port)).toBe(true);
  });

  test.runIf(process.platform === 'linux')(
    'whose listener lets others bind beside it (SO_REUSEPORT, Linux) is taken',
    async () => {
      const port = await python(`import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(('127.0.0.1', 0))
s.listen()
print(s.getsockname()[1], flush=True)
sys.stdin.read()`);
      expect(await isTaken(port)).toBe(true);
    },
  );
});

describe('the holder of a port', () => {
  test('is told with process, command, user and start', async () => {
    const port = await python(`import socket, sys
s = socket.create_server(('127.0.0.1', 0))
print(s.getsockname()[1], flush=True)
sys.stdin.read()`);
    const holder = await portHolder(port);
    expect(holder?.command).toContain('python3 -c');
    expect(holder?.user).toMatch(/^[a-z_]/);
    expect(Math.abs(Date.now() - Date.parse(holder?.since ?? ''))).toBeLessThan(60_000);
    expect(holder?.pid).not.toBe(process.pid);
    expect(await portHolder(await listen('::1'))).toMatchObject({ pid: process.pid });
  });
});

test('a table of the kernel is read: only what listens', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1FA5 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1FA6 0100007F:8000 01 00000000:00000000 00:00000000 00000000     0        0 12346 1 0000000000000000 100 0 0 10 0
`;
  expect(parseTable(table)).toEqual([{ port: 8101, uid: 1000, inode: '12345' }]);
});

test('what lsof prints is read, on IPv4 and IPv6', () => {
  const output = 'p4121\nf7\nn127.0.0.1:8101\nf8\nn[::1]:8101\np99\nf3\nn*:5000\n';
  expect(parseLsof(output)).toEqual([
    { port: 8101, pid: 4121 },
    { port: 8101, pid: 4121 },
    { port: 5000, pid: 99 },
  ]);
});

test.runIf(spawnSync('lsof', ['-v']).error === undefined)(
  'what the real lsof says is read (where there is one; other systems than Linux are asked by it)',
  async () => {
    const port = await listen('::1');
    const { stdout } = spawnSync('lsof', ['-nP', '-iTCP', '-sTCP:LISTEN', '-F', 'pn'], { encoding: 'utf8' });
    expect(parseLsof(stdout)).toContainEqual({ port, pid: process.pid });
  },
);

/** Runs a script that prints its port and then waits. */
async function python(script: string): Promise<number> {
  const child = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  ends.push(() => child.kill('SIGKILL'));
  const [output] = (await once(child.stdout, 'data')) as [Buffer];
  return Number(output.toString());
}
