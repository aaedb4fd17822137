// Opens a Docker engine for this run: every call ends in time, and every error is one a user can act upon.
import type Docker from 'dockerode';
import { Failure } from '../failure.ts';
import { countingAgent } from '../host/agent.ts';
import { hasCode } from '../host/files.ts';
import { localBytes, tooLarge } from '../host/limits.ts';
import type { World } from '../world.ts';
import { localAddress } from './address.ts';

export interface Connection {
  /** The engine's client; loaded with the first call, as most commands of a native halfstack make none. */
  readonly open: () => Promise<Docker>;
  readonly address: string;
  /** Aborted when the run is interrupted. */
  readonly signal: AbortSignal;
  /** The same for one call, with the bytes that came for it. */
  readonly openCounted: () => Promise<{ readonly client: Docker; readonly received: () => number }>;
}

/** Nothing is asked before the first call. Throws only for an address that no probe would have found. */
export function connectTo(world: World, address: string): Connection {
  const local = localAddress(address);
  if (local === undefined) throw new Error(`not an address of a local Docker engine: ${address}`);
  let opened: Promise<Docker> | undefined;
  // dockerode's `timeout` is never used: with it a promise may never settle; each call takes an abort signal
  const make = async (more: object): Promise<Docker> => {
    const { default: Client } = await import('dockerode');
    return new Client({ ...local, ...('socketPath' in local ? {} : { protocol: 'http' }), ...more });
  };
  return {
    open: () => (opened ??= make({})),
    openCounted: async () => {
      const { agent, received } = countingAgent();
      return { client: await make({ agent }), received };
    },
    address,
    signal: world.signal,
  };
}

/** Milliseconds for calls that only look, and for those that start and stop things. */
export const lookLimit = 10_000;
export const changeLimit = 60_000;

export interface Asking<T> {
  /** What it is for, as it follows "Docker could not": `start container dev-db-1`. */
  readonly doing: string;
  readonly limit: number;
  readonly call: (client: Docker, abortSignal: AbortSignal) => Promise<T>;
}

/** Asks the engine. Throws `BAI-ENGINE` when it does not answer, or says no. */
export async function ask<T>(connection: Connection, asking: Asking<T>): Promise<T> {
  try {
    return await request(connection, asking.limit, asking.call);
  } catch (error) {
    connection.signal.throwIfAborted();
    throw engineFailure(connection, asking.doing, error);
  }
}

/** As `ask`; undefined when the engine knows no such thing. */
export async function askFor<T>(connection: Connection, asking: Asking<T>): Promise<T | undefined> {
  const absent = (error: unknown): undefined => {
    if (statusOf(error) === 404) return undefined;
    throw error;
  };
  return ask(connection, { ...asking, call: (client, signal) => asking.call(client, signal).catch(absent) });
}

/**
 * A call with a time limit, its errors unchanged. Settles in any case: dockerode leaves a promise open for ever
 * when an answer breaks off in its middle.
 */
export async function request<T>(connection: Connection, limit: number, call: Asking<T>['call']): Promise<T> {
  connection.signal.throwIfAborted();
  const { client, received } = await connection.openCounted();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`no answer within ${limit / 1000} s`)), limit);
  const signal = AbortSignal.any([connection.signal, late.signal]);
  // dockerode holds the whole answer in memory
  const counter = setInterval(() => {
    if (received() > localBytes) late.abort(tooLarge(localBytes));
  }, 50);
  try {
    return await Promise.race([
      call(client, signal),
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(reasonOf(signal)), { once: true });
      }),
    ]);
  } catch (error) {
    // dockerode says AbortError; the reason of the abort says more
    throw signal.aborted ? reasonOf(signal) : error;
  } finally {
    clearTimeout(timer);
    clearInterval(counter);
  }
}

/** HTTP status of an engine's refusal. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** The engine's own words, without dockerode's frame around them. */
export function refusalOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^\(HTTP code \d+\) [^-]* - /, '').trim();
}

/** An error of the engine as something a user can act upon. */
export function engineFailure({ address }: Connection, doing: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const status = statusOf(error);
  if (status !== undefined) {
    return new Failure('BAI-ENGINE', `Docker could not ${doing}: ${refusalOf(error)}.`, {
      cause: error,
      facts: { engine: address, status },
    });
  }
  const denied = hasCode(error, 'EACCES', 'EPERM');
  return new Failure(
    'BAI-ENGINE',
    `Docker at ${address} does not answer: could not ${doing}: ${refusalOf(error)}.`,
    {
      cause: error,
      facts: { engine: address },
      next: denied
        ? [{ purpose: 'be allowed to use it, then log in again', command: 'sudo usermod -aG docker $USER' }]
        : [
            { purpose: 'start it', command: 'sudo systemctl start docker' },
            { purpose: 'see why it is down', command: 'sudo journalctl -u docker -n 50' },
          ],
    },
  );
}

const reasonOf = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
