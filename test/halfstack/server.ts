// A stand-in server on a port of this machine that answers as a test says: for answers that no healthy server gives.
import { createServer, type Socket } from 'node:net';

export interface StandInServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Calls `talk` with every connection. */
export async function standInServer(talk: (socket: Socket) => void): Promise<StandInServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    talk(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the stand-in has no port');
  return {
    port: address.port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

/** A port on which nothing listens: it was just given back. */
export async function freePort(): Promise<number> {
  const made = await standInServer(() => undefined);
  await made.close();
  return made.port;
}
