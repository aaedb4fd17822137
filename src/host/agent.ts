// The HTTP connections of a client library, whose bytes are counted where the library holds whole answers in memory.
import { Agent } from 'node:http';
import { Socket } from 'node:net';

export interface CountingAgent {
  /** For the library's option of that name. */
  readonly agent: Agent;
  /** Bytes that came over all of its connections. */
  readonly received: () => number;
}

/** Every request has a connection of its own. */
export function countingAgent(): CountingAgent {
  const sockets: Socket[] = [];
  class Counting extends Agent {
    override createConnection(...[options, done]: Parameters<Agent['createConnection']>) {
      const socket = super.createConnection(options, done);
      if (socket instanceof Socket) sockets.push(socket);
      return socket;
    }
  }
  return {
    agent: new Counting({ keepAlive: false }),
    received: () => sockets.reduce((bytes, { bytesRead }) => bytes + bytesRead, 0),
  };
}
