// Asks a manager one question over its own API, signed as its clients sign theirs.
import { createHash, createHmac } from 'node:crypto';
import * as z from 'zod';
import type { EnvironmentSpec } from '../environment/spec.ts';
import { askLoopback } from '../host/loopback.ts';

/** An agent as the manager knows it. */
export interface KnownAgent {
  readonly id: string;
  /** ALIVE, LOST, RESTARTING or TERMINATED. */
  readonly status: string;
  /** Where the manager reaches it, e.g. `tcp://127.0.0.1:6011`. */
  readonly address: string;
  readonly version: string;
  /** What it offers and what of that is used, e.g. `{cpu: "2", mem: "8589934592"}`. */
  readonly available: Readonly<Record<string, string>>;
  readonly occupied: Readonly<Record<string, string>>;
}

export interface AskLimits {
  /** Milliseconds. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** A revision of the API that every release of the catalogue speaks; it has `/admin/gql`. */
const apiVersion = 'v6.20200815';
const path = '/admin/gql';
const query =
  '{ agent_list(limit: 100, offset: 0) { items { id status addr version available_slots occupied_slots } } }';

/** All agents that ever told the manager of themselves. Rejects when the manager does not answer, or with no. */
export async function agentsOf(spec: EnvironmentSpec, limits: AskLimits): Promise<readonly KnownAgent[]> {
  const account = spec.release.accounts.find(({ role }) => role === 'superadmin') ?? spec.release.accounts[0];
  if (account === undefined) throw new Error('the release has no account');
  const host = `127.0.0.1:${spec.ports.manager}`;
  const signed = signature({ method: 'POST', path, host, date: new Date(), ...account });
  const { status, body } = await askLoopback({
    url: `http://${host}${path}`,
    method: 'POST',
    headers: signed,
    body: JSON.stringify({ query, variables: {} }),
    ...limits,
  });
  if (status !== 200) throw new Error(`the manager answered with status ${status}`);
  return answerSchema.parse(JSON.parse(body)).data.agent_list.items.map((item) => ({
    id: item.id,
    status: item.status,
    address: item.addr,
    version: item.version,
    available: item.available_slots,
    occupied: item.occupied_slots,
  }));
}

export interface Signing {
  readonly method: string;
  readonly path: string;
  /** Host and port, as the server is told them. */
  readonly host: string;
  readonly date: Date;
  readonly accessKey: string;
  readonly secretKey: string;
}

/**
 * The headers of a signed request: HMAC-SHA256 over method, path, date, host, content type, API version and the
 * hash of an empty body, with a key derived from the secret, the day and the host. The body itself is not signed.
 */
export function signature({
  method,
  path,
  host,
  date,
  accessKey,
  secretKey,
}: Signing): Record<string, string> {
  const type = 'application/json';
  const when = date.toISOString();
  const text = [
    method,
    path,
    when,
    `host:${host}`,
    `content-type:${type}`,
    `x-backendai-version:${apiVersion}`,
    createHash('sha256').digest('hex'),
  ].join('\n');
  const day = keyed(secretKey, when.slice(0, 10).replaceAll('-', '')).digest();
  const signed = keyed(keyed(day, host).digest(), text).digest('hex');
  return {
    Host: host,
    Date: when,
    'Content-Type': type,
    'X-BackendAI-Version': apiVersion,
    Authorization: `BackendAI signMethod=HMAC-SHA256, credential=${accessKey}:${signed}`,
  };
}

const keyed = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text);

/** JSON in JSON, as the API gives slots; an agent that never told its slots has none. */
const slots = z
  .string()
  .nullable()
  .transform((text) => z.record(z.string(), z.coerce.string()).parse(JSON.parse(text ?? '{}')));

const answerSchema = z.object({
  data: z.object({
    agent_list: z.object({
      items: z.array(
        z.object({
          id: z.string(),
          status: z.string(),
          addr: z.string(),
          version: z.string(),
          available_slots: slots,
          occupied_slots: slots,
        }),
      ),
    }),
  }),
});
