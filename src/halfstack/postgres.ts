// The door to PostgreSQL: whether it takes our login, and a connection that is closed whatever happens.
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { Failure } from '../failure.ts';
import { connectionTrouble, never, notYet, ready, type Answer } from './answer.ts';
import type { Endpoints } from './engine.ts';

export type PostgresClient = pg.Client;

/** Milliseconds in which a login must be answered. */
const loginLimit = 3000;
/** Milliseconds for the end of a connection. */
const goodbyeLimit = 2000;
/** Milliseconds for one query: filling the database takes less than a second. */
const queryLimit = 120_000;

/** SQLSTATE of a login that is right, into a database that is not there (any more). */
const noDatabase = '3D000';

/**
 * Logs in and asks for nothing more. A database that is missing is no fault of the server: whoever fills it makes it
 * again, as after a kill between its removal and its making. Rejects only when the signal is aborted.
 */
export async function probePostgres(endpoint: Endpoints['postgres'], signal: AbortSignal): Promise<Answer> {
  try {
    return await connected(endpoint, signal, () => Promise.resolve(ready));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && sqlState(error) === noDatabase) return ready;
    // 28…: the login itself is refused, and will be for as long as the data lives
    if (error instanceof Error && sqlState(error).startsWith('28')) return never(error.message);
    return notYet(connectionTrouble(error));
  }
}

/**
 * Uses a connection and closes it. What `use` throws passes unchanged; a login that fails is `BAI-DATABASE`;
 * an interrupt closes the connection, so that the server undoes an open transaction.
 */
export async function withPostgres<T>(
  endpoint: Endpoints['postgres'],
  signal: AbortSignal,
  use: (client: PostgresClient) => Promise<T>,
): Promise<T> {
  const state = { connected: false };
  try {
    return await connected(endpoint, signal, (client) => {
      state.connected = true;
      return use(client);
    });
  } catch (error) {
    signal.throwIfAborted();
    if (state.connected) throw error;
    const { host, port, user, database } = endpoint;
    throw new Failure(
      'BAI-DATABASE',
      `PostgreSQL at ${host}:${port} does not let ${user} into ${database}: ${connectionTrouble(error)}.`,
      { cause: error, facts: { host, port, user, database } },
    );
  }
}

async function connected<T>(
  endpoint: Endpoints['postgres'],
  signal: AbortSignal,
  use: (client: PostgresClient) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const { default: loaded } = await import('pg');
  const client = new loaded.Client({
    ...endpoint,
    ssl: false,
    application_name: 'bai-dev',
    connectionTimeoutMillis: loginLimit,
    query_timeout: queryLimit,
  });
  // without a listener an error between two queries would end the whole process; the next query reports it too
  client.on('error', () => undefined);
  let interrupt = (): void => undefined;
  const interrupted = new Promise<never>((_resolve, reject) => {
    interrupt = () => {
      void client.end().catch(() => undefined);
      reject(new Error('interrupted'));
    };
  });
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    // a login that is ended in its midst never settles by itself
    await Promise.race([client.connect(), interrupted]);
    return await use(client);
  } finally {
    signal.removeEventListener('abort', interrupt);
    const ended = client.end().catch(() => undefined);
    await Promise.race([ended, sleep(goodbyeLimit, undefined, { ref: false })]);
  }
}

const sqlState = (error: Error): string => ('code' in error ? String(error.code) : '');
