// A stand-in for a Docker engine with a fault: a real HTTP server on a real socket, for what no machine can have at will.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { chmodSync } from 'node:fs';

export interface FaultyEngine {
  readonly address: string;
  /** Method and path of every request. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export type Reply = (request: IncomingMessage, response: ServerResponse) => void;

/** Listens on a socket at `path` and answers as `reply` says. */
export async function faultyEngine(path: string, reply: Reply, mode = 0o666): Promise<FaultyEngine> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    reply(request, response);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  chmodSync(path, mode);
  return {
    address: `unix://${path}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** A reply by path; what it does not name is 404, as an engine says it. */
export function replies(table: Readonly<Record<string, readonly [status: number, body: unknown]>>): Reply {
  return (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const [status, body] = table[path] ?? [404, { message: `no such thing: ${path}` }];
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

export const version = (api: string): readonly [200, unknown] => [
  200,
  { ApiVersion: api, Version: '99.0.0' },
];
