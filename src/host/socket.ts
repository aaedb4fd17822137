// One question to a server over TCP, and its answer as text: for protocols too small for a client library.
import { connect } from 'node:net';
import { tooLarge } from './limits.ts';

/** Bytes of an answer: such protocols answer with a line. */
const answerBytes = 1024 * 1024;

export interface Question {
  readonly host: string;
  readonly port: number;
  readonly send: string;
  /** True once the answer is whole. */
  readonly whole: (received: string) => boolean;
  /** Milliseconds for everything together. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/**
 * Connects, sends, and returns what was received as soon as it is whole. Rejects with the socket's own error
 * (ECONNREFUSED and the like), when the other side closes before, and after the limit.
 */
export function askSocket(question: Question): Promise<string> {
  const { host, port, send, whole, limit, signal } = question;
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let received = '';
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupted);
      socket.destroy();
      settle();
    };
    const fail = (error: Error): void => end(() => reject(error));
    const interrupted = (): void => fail(asError(signal.reason));
    const timer = setTimeout(() => fail(new Error(`no whole answer within ${limit} ms`)), limit);
    if (signal.aborted) {
      interrupted();
      return;
    }
    signal.addEventListener('abort', interrupted, { once: true });
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(send));
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the connection was closed before a whole answer')));
    socket.on('data', (chunk: string) => {
      received += chunk;
      if (received.length > answerBytes) fail(tooLarge(answerBytes));
      if (whole(received)) end(() => resolve(received));
    });
  });
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));
