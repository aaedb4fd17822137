// etcd through the JSON gateway of its v3 API: keys and values travel as base64.
import * as z from 'zod';
import { Failure } from '../failure.ts';
import { askLoopback } from '../host/loopback.ts';
import { connectionTrouble, notYet, ready, type Answer } from './answer.ts';
import type { Endpoints } from './engine.ts';

type Endpoint = Endpoints['etcd'];

export interface EtcdEntry {
  readonly key: string;
  readonly value: string;
}

export interface EtcdTransaction {
  /** The whole transaction happens only if none of these keys exists. */
  readonly absent: readonly string[];
  /** ... and only if each of these has that very value. */
  readonly equal?: readonly EtcdEntry[];
  /** Removed before anything is put. */
  readonly removePrefixes?: readonly string[];
  readonly put: readonly EtcdEntry[];
}

/** Milliseconds for one request: the server is on this machine and holds a few dozen keys. */
const limit = 10_000;

/** Asks for `/health`. Rejects only when the signal is aborted. */
export async function probeEtcd(endpoint: Endpoint, signal: AbortSignal): Promise<Answer> {
  try {
    // not by fetch: loading that takes as long as the rest of a question about the state of a halfstack
    const { status, body } = await askLoopback({ url: `${endpoint.url}/health`, limit: 2000, signal });
    const health = healthSchema.safeParse(JSON.parse(body));
    if (health.success && String(health.data.health) === 'true') return ready;
    return notYet(health.data?.reason ?? `/health answers ${status}`);
  } catch (error) {
    signal.throwIfAborted();
    return notYet(connectionTrouble(error));
  }
}

/** All keys that begin with a prefix, in order. Throws `BAI-ETCD`. */
export async function etcdRange(
  endpoint: Endpoint,
  prefix: string,
  signal?: AbortSignal,
): Promise<readonly EtcdEntry[]> {
  const answer = await call(endpoint, { path: 'kv/range', body: rangeOf(prefix), signal });
  return understood(endpoint, rangeSchema, answer).kvs.map(({ key, value }) => ({
    key: decode(key),
    value: decode(value),
  }));
}

/** True if it happened, false if a key stood in its way. Throws `BAI-ETCD`. */
export async function etcdTransaction(
  endpoint: Endpoint,
  transaction: EtcdTransaction,
  signal?: AbortSignal,
): Promise<boolean> {
  const { absent, equal = [], removePrefixes = [], put } = transaction;
  const body = {
    // a key that was never made has version 0
    compare: [
      ...absent.map((key) => ({ key: encode(key), target: 'VERSION', result: 'EQUAL', version: '0' })),
      ...equal.map(({ key, value }) => ({
        ...{ key: encode(key), target: 'VALUE', result: 'EQUAL' },
        value: encode(value),
      })),
    ],
    success: [
      ...removePrefixes.map((prefix) => ({ requestDeleteRange: rangeOf(prefix) })),
      ...put.map(({ key, value }) => ({ requestPut: { key: encode(key), value: encode(value) } })),
    ],
  };
  const answer = await call(endpoint, { path: 'kv/txn', body, signal });
  return understood(endpoint, transactionSchema, answer).succeeded;
}

/** Removes all keys that begin with a prefix and tells how many there were. Throws `BAI-ETCD`. */
export async function etcdRemove(endpoint: Endpoint, prefix: string, signal?: AbortSignal): Promise<number> {
  const answer = await call(endpoint, { path: 'kv/deleterange', body: rangeOf(prefix), signal });
  return understood(endpoint, removalSchema, answer).deleted;
}

/** The gateway writes numbers as strings and leaves out what is empty, zero or false. */
const rangeSchema = z.object({
  kvs: z.array(z.object({ key: z.string(), value: z.string().default('') })).default([]),
});
const transactionSchema = z.object({ succeeded: z.boolean().default(false) });
const removalSchema = z.object({ deleted: z.coerce.number().default(0) });
const healthSchema = z.object({ health: z.union([z.string(), z.boolean()]), reason: z.string().optional() });
const errorSchema = z.object({ message: z.string().optional(), error: z.string().optional() });

/** Whatever listens there may answer with anything. */
function understood<T>({ url }: Endpoint, schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new Failure('BAI-ETCD', `${url} did not answer as etcd does.`, { facts: { url } });
}

interface Call {
  readonly path: string;
  readonly body: unknown;
  readonly signal: AbortSignal | undefined;
}

async function call({ url }: Endpoint, { path, body, signal }: Call): Promise<unknown> {
  let status: number;
  let answer: unknown;
  try {
    // not by fetch: with it a question to a server that just goes or comes may never be settled, in a Node that
    // then ends without a word
    const answered = await askLoopback({
      url: `${url}/v3/${path}`,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      limit,
      signal: signal ?? new AbortController().signal,
    });
    status = answered.status;
    answer = JSON.parse(answered.body);
  } catch (error) {
    signal?.throwIfAborted();
    throw new Failure('BAI-ETCD', `etcd at ${url} does not answer: ${connectionTrouble(error)}.`, {
      cause: error,
      facts: { url, path },
    });
  }
  if (status < 200 || status > 299) {
    const told = errorSchema.safeParse(answer).data;
    const why = told?.message ?? told?.error ?? `status ${status}`;
    throw new Failure('BAI-ETCD', `etcd at ${url} refuses ${path}: ${why}.`, { facts: { url, path } });
  }
  return answer;
}

/** The keys from a prefix up to, not including, the first one after all that begin with it. */
function rangeOf(prefix: string): { key: string; range_end: string } {
  const end = Buffer.from(prefix);
  const last = end.length - 1;
  // never 0xff: prefixes are text, and UTF-8 has no such byte
  end[last] = (end[last] ?? 0) + 1;
  return { key: encode(prefix), range_end: end.toString('base64') };
}

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (text: string): string => Buffer.from(text, 'base64').toString();
