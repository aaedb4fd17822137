// Asks a Redis, by its own protocol, whether it is ready.
import { askSocket } from '../host/socket.ts';
import { connectionTrouble, never, notYet, ready, type Answer } from './answer.ts';
import type { Endpoints } from './engine.ts';

/** Milliseconds for one question. */
const limit = 2000;

/** AUTH, where there is a password, and PING. Rejects only when the signal is aborted. */
export async function pingRedis(endpoint: Endpoints['redis'], signal: AbortSignal): Promise<Answer> {
  const { host, port, password } = endpoint;
  const commands = [...(password === undefined ? [] : [['AUTH', password]]), ['PING']];
  try {
    const received = await askSocket({
      host,
      port,
      send: commands.map(encode).join(''),
      whole: (text) => repliesOf(text).length >= commands.length,
      limit,
      signal,
    });
    return answerOf(repliesOf(received));
  } catch (error) {
    signal.throwIfAborted();
    return notYet(connectionTrouble(error));
  }
}

/** Errors are answers: -LOADING passes, a password that is wrong, missing or not wanted does not. */
function answerOf(replies: readonly string[]): Answer {
  const error = replies.find((reply) => reply.startsWith('-'));
  if (error === undefined)
    return replies.at(-1) === '+PONG' ? ready : never(`not a Redis: ${replies.join(' ')}`);
  const reason = error.slice(1);
  return /^(NOAUTH|WRONGPASS|ERR (AUTH|Client sent AUTH|invalid password))/.test(reason)
    ? never(reason)
    : notYet(reason);
}

/** A command as RESP: an array of bulk strings, whose lengths are in bytes. */
const encode = (words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

/** Both commands are answered by one line each; the last part is not whole yet. */
const repliesOf = (text: string): readonly string[] => text.split('\r\n').slice(0, -1);
