// Sockets of this machine: Docker engines with faults, ports that somebody holds, and who listens where.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Listening {
  /** For DOCKER_HOST. */
  readonly address: string;
  readonly close: () => Promise<void>;
}

/** The socket of an engine that was killed: the file is there, and nobody listens. */
export function staleSocket(path: string): void {
  const script =
    "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
  spawnSync(process.execPath, ['-e', script, path], { timeout: 10_000 });
}

/** An engine that tells a version and does nothing else. */
export async function versionOnly(
  path: string,
  versions: { ApiVersion: string; Version: string },
): Promise<Listening> {
  const server = createHttpServer((request, response) => {
    const known = /\/(version|_ping)$/.test(request.url ?? '');
    response.writeHead(known ? 200 : 400, {
      'content-type': 'application/json',
      'api-version': versions.ApiVersion,
    });
    response.end(JSON.stringify(known ? versions : { message: 'client is newer than this engine' }));
  });
  return listen(server, path);
}

/**
 * The real engine behind a socket of our own, which goes away for good once a request fits: the engine "dies".
 * Without `dies` it lives.
 */
export async function engineBehind(path: string, dies?: RegExp): Promise<Listening> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const engine = connect('/var/run/docker.sock');
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const) {
      open.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => open.delete(from));
    }
    client.on('data', (data: Buffer) => {
      if (dies?.test(data.toString('latin1')) === true) {
        server.close();
        rmSync(path, { force: true });
        for (const socket of open) socket.destroy();
        return;
      }
      engine.write(data);
    });
    client.on('end', () => engine.end());
    engine.pipe(client);
  });
  return listen(server, path);
}

/** Holds a port of the loopback. */
export async function holdPort(
  port = 0,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a port has no number');
  return { port: address.port, close: () => closed(server) };
}

async function listen(server: Server, path: string): Promise<Listening> {
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { address: `unix://${path}`, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function') {
      (server.closeAllConnections as () => void)();
    }
  });
}

/** 127.0.0.1, as the kernel writes it. */
export const loopback = '0100007F';

/** Sockets that wait for connections, with their address as the kernel writes it; none where no file tells. */
export function listening(): readonly { readonly address: string; readonly port: number }[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].filter(existsSync).flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A')
      .map((fields) => {
        const [address = '', port = ''] = fields[1]?.split(':') ?? [];
        return { address, port: Number.parseInt(port, 16) };
      }),
  );
}
