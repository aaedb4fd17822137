// Talks HTTP to the outside: proxies as the variables say, limits on every answer, patience with weak networks.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher, Response } from 'undici';
import { decoded } from '../credentials.ts';
import { Failure } from '../failure.ts';
import type { Host, World } from '../world.ts';
import { hasCode } from './files.ts';
import { LimitError, refusalBytes, textLimits, watch, type Limits } from './limits.ts';
import { proxyFor } from './proxy.ts';

export interface Request {
  /** http or https; may hold credentials, which are sent as basic authentication and never shown. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Seconds that the other side may be silent or too slow; 30 if not given. */
  readonly limit?: number;
  /** How long and large its answer may be, where it differs from a text of usual size. */
  readonly limits?: Partial<Limits>;
  /** How often a fault that may pass is forgiven; 3 if not given. */
  readonly retries?: number;
}

export interface Answer {
  readonly status: number;
  /** Where redirects led; relative addresses in the text are relative to this. */
  readonly url: string;
  readonly type: string;
  readonly text: string;
}

/** Gets a text, whatever its status; an address that cannot be reached is `BAI-NETWORK`. */
export async function get(world: World, request: Request): Promise<Answer> {
  return persistently(world, request, async () => {
    let text = '';
    const response = await receive(world, request, async (begun, chunks) => {
      text = await textOf(chunks, begun.ok ? Infinity : refusalBytes);
      return begun;
    });
    return {
      status: response.status,
      url: response.url,
      type: response.headers.get('content-type') ?? '',
      text,
    };
  });
}

/** Asks for something without reading it: the status, and how large it is where that is told. */
export async function askFor(
  world: World,
  request: Request,
): Promise<{ readonly status: number; readonly bytes?: number }> {
  return persistently(world, request, () =>
    receive(
      world,
      { ...request, headers: { 'accept-encoding': 'identity', ...request.headers } },
      (begun) => {
        const bytes = Number(begun.headers.get('content-length') ?? 0);
        return Promise.resolve({ status: begun.status, ...(bytes > 0 ? { bytes } : {}) });
      },
    ),
  );
}

/**
 * One exchange. `use` is given the answer and its content; a status that may pass never comes that far. Throws
 * whatever went wrong: `persistently` makes sense of it.
 */
export async function receive<T>(
  world: World,
  { url, headers, limit = textLimits.silence, limits }: Request,
  use: (response: Response, chunks: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const { target, authorization } = splitCredentials(url);
  const { fetch } = (await import('undici')).default;
  const watching = watch({ ...textLimits, silence: limit, ...limits });
  try {
    const response = await fetch(target, {
      headers: { 'user-agent': `bai-dev/${world.host.version}`, ...authorization, ...headers },
      dispatcher: await dispatcherFor(world.host, target),
      signal: AbortSignal.any([world.signal, watching.signal]),
    });
    if (transient.has(response.status)) throw new StatusError(response);
    return await use(response, watching.watched(response.body ?? []));
  } catch (error) {
    // an aborted transfer has several names; the reason of the abort says more
    throw watching.signal.aborted ? watching.signal.reason : error;
  } finally {
    // ends what has not been read
    watching.end();
  }
}

/** Repeats what failed for a reason that may pass; then tells it as `BAI-NETWORK`. */
export async function persistently<T>(
  world: World,
  { url, retries = 3 }: Pick<Request, 'url' | 'retries'>,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tried = 0; ; tried += 1) {
    world.signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      world.signal.throwIfAborted();
      if (error instanceof Failure || isLocal(error)) throw error;
      if (tried >= retries || error instanceof LimitError) throw unreachable(world, url, error);
      const pause = Math.max(firstPause * 2 ** tried, error instanceof StatusError ? error.pause : 0);
      await sleep(pause, undefined, { signal: world.signal }).catch(() => undefined);
    }
  }
}

/** The address as it may be shown. */
export function withoutCredentials(url: string): string {
  return URL.canParse(url) ? splitCredentials(url).target.href : url;
}

/** Statuses that the same request may not meet a moment later. */
const transient = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Milliseconds before the first repetition; each further one takes twice as long. */
const firstPause = 400;
/** Seconds that a server may make us wait by `Retry-After`. */
const longestPause = 10;

class StatusError extends Error {
  readonly pause: number;
  constructor({ status, headers }: Response) {
    super(`the server answers ${status}`);
    this.pause = Math.min(Number(headers.get('retry-after') ?? 0) || 0, longestPause) * 1000;
  }
}

const dispatchers = new Map<string, Dispatcher>();

/** Node 20's own fetch heeds no proxy variables; one pool of connections for each proxy, and one without. */
async function dispatcherFor(host: Host, url: URL): Promise<Dispatcher> {
  const { Agent, ProxyAgent } = (await import('undici')).default;
  const proxy = proxyFor(host.variables, url);
  const known = dispatchers.get(proxy ?? '');
  if (known !== undefined) return known;
  const connect = { timeout: 15_000 };
  const made =
    proxy === undefined
      ? new Agent({ connect })
      : new ProxyAgent({ uri: proxy, connect, requestTls: connect });
  dispatchers.set(proxy ?? '', made);
  return made;
}

/** As UTF-8, and no more of it than so many bytes. */
async function textOf(chunks: AsyncIterable<Uint8Array>, most: number): Promise<string> {
  const decoder = new TextDecoder();
  let [text, bytes] = ['', 0];
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    bytes += chunk.byteLength;
    if (bytes > most) break;
  }
  return text + decoder.decode();
}

/** fetch takes no address with credentials in it. */
function splitCredentials(url: string): { target: URL; authorization: Record<string, string> } {
  const target = new URL(url);
  const { username, password } = target;
  target.username = '';
  target.password = '';
  if (username === '' && password === '') return { target, authorization: {} };
  const pair = `${decoded(username)}:${decoded(password)}`;
  return { target, authorization: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
}

function unreachable({ host }: World, url: string, error: unknown): Failure {
  const reason = rootOf(error);
  const proxy = proxyFor(host.variables, new URL(url));
  const hint = proxy === undefined ? '' : ` It was asked for through the proxy ${new URL(proxy).host}.`;
  return new Failure('BAI-NETWORK', `${withoutCredentials(url)} could not be reached: ${reason}.${hint}`, {
    cause: error,
    facts: { address: withoutCredentials(url) },
    next: /certificate|self-signed|CERT_/i.test(reason)
      ? [
          {
            purpose: 'trust your own authority',
            command: 'export NODE_EXTRA_CA_CERTS=/path/to/authority.pem',
          },
        ]
      : [],
  });
}

/** fetch says only "fetch failed"; what failed is the cause of its cause. */
function rootOf(error: unknown): string {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  if (!(root instanceof Error)) return String(root);
  const inner: unknown = root instanceof AggregateError ? root.errors[0] : undefined;
  return (inner instanceof Error ? inner.message : root.message).replace(/\.$/, '');
}

/** Faults of this machine's disk: trying again would not help. */
function isLocal(error: unknown): boolean {
  return hasCode(error, 'ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EMFILE', 'EISDIR', 'ENOENT', 'EIO');
}
