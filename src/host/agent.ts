// HTTP connections of a client library, by the signal of the call they belong to: what comes over them can be counted.
import { Agent } from 'node:http';
import { Socket } from 'node:net';

export interface CountingAgent {
  /** For the library's option of that name. */
  readonly agent: Agent;
  /** Bytes that came for calls with this signal. */
  readonly received: (signal: AbortSignal) => number;
}

/** Every request has a connection of its own. */
export function countingAgent(): CountingAgent {
  const sockets = new WeakMap<AbortSignal, Socket[]>();
  class Counting extends Agent {
    override createConnection(...[options, done]: Parameters<Agent['createConnection']>) {
      const socket = super.createConnection(options, done);
      const { signal } = options;
      if (signal !== undefined && socket instanceof Socket) {
        sockets.set(signal, [...(sockets.get(signal) ?? []), socket]);
      }
      return socket;
    }
  }
  return {
    agent: new Counting({ keepAlive: false }),
    received: (signal) => (sockets.get(signal) ?? []).reduce((bytes, { bytesRead }) => bytes + bytesRead, 0),
  };
}
