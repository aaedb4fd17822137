// Serves git repositories over HTTP by git's own backend, and can be told what to do wrong.
import { execFileSync, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { answerLfs, type LargeFiles } from './lfs.ts';

/** What goes wrong: in the midst of a transfer, or instead of an answer. */
export type GitFault = 'none' | Midway | Instead;
type Midway = 'dies' | 'stalls' | 'garbles';
type Instead = 'redirects' | 'loops' | 'refuses' | 'login' | 'page' | 'missing' | 'unwell' | 'silent';

export interface GitServer {
  /** Without a slash at its end. */
  readonly url: string;
  fault: GitFault;
  /** Only requests whose path matches are treated so. */
  only: RegExp;
  /** How many of those go well first. */
  after: number;
  /** How often it is done wrong; then all is well. */
  times: number;
  /** What it has for git-lfs. */
  readonly largeFiles: LargeFiles;
  /** `GET /standin-manager/info/refs` and the like, in order. */
  readonly requests: string[];
  /** What clients sent to prove who they are. */
  readonly authorizations: string[];
  close(): Promise<void>;
}

export async function startGitServer(folder: string): Promise<GitServer> {
  const backend = join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-http-backend');
  const answer = (request: IncomingMessage, response: ServerResponse, content: Buffer): void => {
    const url = new URL(request.url ?? '/', state.url);
    state.requests.push(`${request.method ?? ''} ${url.pathname}`);
    if (request.headers.authorization !== undefined) state.authorizations.push(request.headers.authorization);
    if (answerLfs(state.largeFiles, { url, content, response })) return;
    const { fault } = state;
    const sends = request.method === 'POST' && !content.includes('command=ls-refs');
    const meant = fault !== 'none' && state.only.test(url.pathname) && (!isMidway(fault) || sends);
    const wrong = meant && state.after <= 0 && state.times > 0;
    if (meant && state.after > 0) state.after -= 1;
    if (!wrong) {
      serve({ backend, folder, request, content, response, url });
      return;
    }
    state.times -= 1;
    switch (fault) {
      case 'redirects':
        response.writeHead(301, { location: `/moved${request.url ?? ''}` }).end();
        return;
      case 'loops':
        response.writeHead(302, { location: request.url ?? '/' }).end();
        return;
      case 'refuses':
        response.writeHead(403).end('no');
        return;
      case 'login':
        response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
        return;
      case 'page':
        response.writeHead(200, { 'content-type': 'text/html' }).end('<form>Log in</form>');
        return;
      case 'missing':
        response.writeHead(404).end();
        return;
      case 'unwell':
        response.writeHead(503).end();
        return;
      case 'silent':
        return;
      default:
        serve({ backend, folder, request, content, response, url, end: fault });
    }
  };
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => answer(request, response, Buffer.concat(pieces)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const state: GitServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: 'none',
    only: /./,
    after: 0,
    times: Infinity,
    largeFiles: { contents: [], refusal: undefined, served: [] },
    requests: [],
    authorizations: [],
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return state;
}

const isMidway = (fault: GitFault): fault is Midway => ['dies', 'stalls', 'garbles'].includes(fault);

interface Exchange {
  readonly backend: string;
  readonly folder: string;
  readonly request: IncomingMessage;
  readonly content: Buffer;
  readonly response: ServerResponse;
  readonly url: URL;
  /** What goes wrong after its first bytes. */
  readonly end?: Midway;
}

/** One exchange by git's backend, which is a CGI program. */
function serve({ backend, folder, request, content, response, url, end }: Exchange): void {
  const child = spawn(backend, [], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: repositoryPath(decodeURIComponent(url.pathname).replace(/^\/moved/, '')),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'],
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
  });
  child.stdin.on('error', () => undefined).end(content);
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  child.on('close', () => {
    const all = Buffer.concat(pieces);
    const split = all.indexOf('\r\n\r\n');
    const headers = all.subarray(0, split).toString().split('\r\n');
    const body = all.subarray(split + 4);
    let status = 200;
    for (const line of headers) {
      const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
      if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
      else if (name !== '') response.setHeader(name, value);
    }
    if (end === undefined) {
      response.writeHead(status).end(body);
      return;
    }
    const half = Math.floor(body.length / 2);
    response.writeHead(status, { 'content-length': body.length });
    if (end === 'garbles') {
      // not the last bytes, which end the protocol's conversation
      response.end(body.map((byte, at) => (at > half && at < body.length - 40 ? byte ^ 0x55 : byte)));
      return;
    }
    response.write(body.subarray(0, half), () => {
      if (end === 'dies') response.destroy();
    });
  });
}

/** The bare repository, whether or not its name was said with an ending. */
const repositoryPath = (path: string): string => path.replace(/^\/([^/]+?)(\.git)?\//, '/$1.git/');
