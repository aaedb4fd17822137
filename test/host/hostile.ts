// HTTP servers that break the protocol or never end: real sockets, one behavior each.
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface Hostile {
  readonly url: string;
  /** What was received, one request each. */
  readonly requests: string[];
  close(): void;
}

/** A server that answers every request with what `answer` writes. */
export async function hostile(answer: (socket: Socket, request: string) => void): Promise<Hostile> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      const request = chunk.toString();
      requests.push(request);
      answer(socket, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

/** Writes the same again and again, as fast as it is read or once in so many milliseconds. */
export function forever(socket: Socket, piece: string | Buffer, pause = 0): void {
  if (socket.destroyed) return;
  const next = (): void => forever(socket, piece, pause);
  if (pause > 0) {
    socket.write(piece);
    setTimeout(next, pause);
  } else if (socket.write(piece)) setImmediate(next);
  else socket.once('drain', next);
}

/** The head of an answer. */
export const head = (status: string, headers: Readonly<Record<string, string | number>> = {}): string =>
  [`HTTP/1.1 ${status}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), '', ''].join(
    '\r\n',
  );
