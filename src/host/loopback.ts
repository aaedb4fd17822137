// One HTTP question to a server of this machine: never through a proxy, and its certificate is not asked for.
import { request as askPlain } from 'node:http';
import { request as askSecure } from 'node:https';
import { localBytes, tooLarge } from './limits.ts';

export interface LoopbackQuestion {
  /** A whole address on this machine, e.g. `https://127.0.0.1:6022/`. */
  readonly url: string;
  /** The socket on which the server listens, where it is no port; the address then only gives the path. */
  readonly socketPath?: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds for everything together. */
  readonly limit: number;
  /** Bytes that an answer may have; the keys of an environment's etcd are far below the usual ones. */
  readonly bytes?: number;
  readonly signal: AbortSignal;
}

export interface LoopbackAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Asks and returns whatever is answered, of any status. Rejects with the socket's own error (ECONNREFUSED and
 * the like), after the limit, and with the signal's reason.
 */
export function askLoopback(question: LoopbackQuestion): Promise<LoopbackAnswer> {
  const { url, socketPath, method = 'GET', headers = {}, body, limit, bytes = localBytes, signal } = question;
  const ask = url.startsWith('https:') ? askSecure : askPlain;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(asError(signal.reason));
      return;
    }
    // the storage-proxy shows a certificate that it signed itself: on the loopback it proves nothing anyway
    const where = socketPath === undefined ? {} : { socketPath };
    const sent = ask(url, { method, headers, agent: false, rejectUnauthorized: false, ...where });
    const interrupted = (): void => void sent.destroy(asError(signal.reason));
    const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${limit} ms`)), limit);
    signal.addEventListener('abort', interrupted, { once: true });
    sent.on('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupted);
      reject(new Error('the connection was closed before an answer')); // no effect once resolved
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > bytes) sent.destroy(tooLarge(bytes));
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.end(body);
  });
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));
