// Where a Docker engine may listen: what the user chose for the Docker CLI, else the usual places.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { readText } from '../host/files.ts';
import type { Host } from '../world.ts';

/** Addresses to try in order; `chosen` says who chose the only one, e.g. `DOCKER_HOST`. */
export interface Candidates {
  readonly addresses: readonly string[];
  readonly chosen?: string;
}

const configSchema = z.object({ currentContext: z.string().optional() });
const contextSchema = z.object({
  Endpoints: z.object({ docker: z.object({ Host: z.string() }) }),
});

/**
 * In the Docker CLI's own order: DOCKER_HOST, DOCKER_CONTEXT, the current context of its config file. dockerode
 * knows only the first of these, so the others are read here. Without any of them, the usual places.
 */
export async function dockerCandidates(host: Host): Promise<Candidates> {
  const { DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG } = host.variables;
  if (DOCKER_HOST !== undefined && DOCKER_HOST !== '') {
    return { addresses: [normalAddress(DOCKER_HOST)], chosen: 'DOCKER_HOST' };
  }
  const folder = DOCKER_CONFIG ?? join(host.home, '.docker');
  const wanted = DOCKER_CONTEXT ?? '';
  const context = wanted === '' ? await currentContext(folder) : wanted;
  if (context !== undefined && context !== 'default') {
    const address = await contextAddress(folder, context);
    const chosen = wanted === '' ? `the Docker context ${context}` : `DOCKER_CONTEXT=${context}`;
    return { addresses: address === undefined ? [] : [normalAddress(address)], chosen };
  }
  return { addresses: usualPlaces(host).map((path) => `unix://${path}`) };
}

/** The path of a socket, or host and port; undefined for what is neither on this machine nor plain. */
export function localAddress(
  address: string,
): { readonly socketPath: string } | { readonly host: string; readonly port: number } | undefined {
  if (address.startsWith('unix:///')) return { socketPath: address.slice('unix://'.length) };
  if (!URL.canParse(address)) return undefined;
  const { protocol, hostname, port } = new URL(address);
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  // 2376 is TLS by convention, and no part of Docker listens there without it
  if (!['tcp:', 'http:'].includes(protocol) || !loopback || port === '2376') return undefined;
  return { host: hostname.replace(/[[\]]/g, ''), port: Number(port === '' ? 2375 : port) };
}

/** Docker Desktop, rootless, Colima, Rancher Desktop and OrbStack put theirs below the home folder. */
function usualPlaces({ home, variables }: Host): readonly string[] {
  const { XDG_RUNTIME_DIR } = variables;
  return [
    '/var/run/docker.sock',
    '/run/docker.sock',
    ...(XDG_RUNTIME_DIR === undefined || XDG_RUNTIME_DIR === ''
      ? []
      : [join(XDG_RUNTIME_DIR, 'docker.sock')]),
    join(home, '.docker/run/docker.sock'),
    join(home, '.docker/desktop/docker.sock'),
    join(home, '.colima/default/docker.sock'),
    join(home, '.rd/docker.sock'),
    join(home, '.orbstack/run/docker.sock'),
  ];
}

async function currentContext(folder: string): Promise<string | undefined> {
  const config = configSchema.safeParse(await readJson(join(folder, 'config.json')));
  return config.data?.currentContext;
}

/** The CLI files a context under the hash of its name. */
async function contextAddress(folder: string, context: string): Promise<string | undefined> {
  const hash = createHash('sha256').update(context).digest('hex');
  const meta = contextSchema.safeParse(await readJson(join(folder, 'contexts/meta', hash, 'meta.json')));
  return meta.data?.Endpoints.docker.Host;
}

/** A file that cannot be read or parsed says nothing; the CLI itself only warns about it. */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse((await readText(path)) ?? 'null');
  } catch {
    return undefined;
  }
}

/** `unix://` alone means the usual socket, and a bare `host:port` is TCP. */
function normalAddress(address: string): string {
  if (address === 'unix://') return 'unix:///var/run/docker.sock';
  return address.includes('://') ? address : `tcp://${address}`;
}
