// The real engine behind a socket of our own that writes down what is asked of it.
import { createServer, request, type IncomingMessage } from 'node:http';
import type { FaultyEngine } from './engine.ts';

export interface WatchedEngine extends FaultyEngine {
  /** Requests so far that could change something. */
  changes(): readonly string[];
}

/** Passes everything on to the engine at `target`, the path of its socket. */
export async function watchedEngine(path: string, target: string): Promise<WatchedEngine> {
  const requests: string[] = [];
  const server = createServer((asked, answer) => {
    requests.push(`${asked.method} ${asked.url}`);
    // whether a connection stays open is a matter of each of the two
    const headers = { ...asked.headers };
    delete headers.connection;
    const passed = request(
      { socketPath: target, path: asked.url, method: asked.method, headers },
      (told: IncomingMessage) => {
        answer.writeHead(told.statusCode ?? 500, told.headers);
        told.pipe(answer);
      },
    );
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  // as the engine, which closes no idle connection: else one could go just as it is used again
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    address: `unix://${path}`,
    requests,
    changes: () => requests.filter((one) => !one.startsWith('GET ')),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
