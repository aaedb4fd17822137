// Finds the Docker engine and tells how it stands.
import * as z from 'zod';
import { hasCode, kindOf } from '../host/files.ts';
import type { World } from '../world.ts';
import { dockerCandidates, localAddress } from './address.ts';
import { connectTo, request, statusOf } from './client.ts';

/**
 * Docker 20.10 of December 2020: the oldest engine with which bai-dev is tried. It is what Debian 12 and
 * Ubuntu 22.04 ship or surpass, and what Podman 4 speaks.
 */
export const minimumApi = '1.41';

/** How the engine stands; `why` is the engine's or the system's own word. */
export type DockerFacts =
  | {
      readonly state: 'ok';
      readonly address: string;
      readonly apiVersion: string;
      readonly serverVersion: string;
    }
  | {
      readonly state: 'no-socket';
      readonly address: string;
      readonly tried: readonly string[];
      readonly chosen?: string;
    }
  | { readonly state: 'no-permission'; readonly address: string }
  | { readonly state: 'down'; readonly address: string; readonly why: string }
  | {
      readonly state: 'too-old';
      readonly address: string;
      readonly apiVersion: string;
      readonly serverVersion: string;
    }
  /** Elsewhere, or behind TLS or ssh: what it publishes on its loopback cannot be reached from here. */
  | { readonly state: 'not-local'; readonly address: string; readonly chosen?: string };

/** Milliseconds in which an engine must say its version. */
const probeLimit = 5000;

/** Looks for an engine and asks its version; with `known`, only there. Throws only when interrupted. */
export async function probeDocker(world: World, known?: string): Promise<DockerFacts> {
  const { addresses, chosen } =
    known === undefined ? await dockerCandidates(world.host) : { addresses: [known] };
  const remarks = chosen === undefined ? {} : { chosen };
  let best: DockerFacts = { state: 'no-socket', address: addresses[0] ?? '', tried: addresses, ...remarks };
  for (const address of addresses) {
    if (localAddress(address) === undefined) return { state: 'not-local', address, ...remarks };
    const facts = await probeAddress(world, address);
    if (facts.state === 'ok') return facts;
    // of several that do not work, the first that exists at all is worth telling
    if (best.state === 'no-socket' && facts.state !== 'no-socket') best = facts;
  }
  return best;
}

/** True if `version` is at least `minimum`; both are `major.minor`. */
export function isAtLeast(version: string, minimum: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = minimum.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

const versionSchema = z.object({ ApiVersion: z.string().regex(/^\d+\.\d+$/), Version: z.string() });

async function probeAddress(world: World, address: string): Promise<DockerFacts> {
  const local = localAddress(address);
  if (local !== undefined && 'socketPath' in local && (await absent(local.socketPath))) {
    return { state: 'no-socket', address, tried: [address] };
  }
  const connection = connectTo(world, address);
  try {
    // the types lag: `version` takes an abort signal like every other call
    const answer = versionSchema.safeParse(
      await request(connection, probeLimit, (client, abortSignal) =>
        (client.version as (options: object) => Promise<unknown>)({ abortSignal }),
      ),
    );
    if (!answer.success) return { state: 'down', address, why: 'what listens there is no Docker engine' };
    const { ApiVersion: apiVersion, Version: serverVersion } = answer.data;
    const state = isAtLeast(apiVersion, minimumApi) ? 'ok' : 'too-old';
    return { state, address, apiVersion, serverVersion };
  } catch (error) {
    world.signal.throwIfAborted();
    if (hasCode(error, 'ENOENT')) return { state: 'no-socket', address, tried: [address] };
    if (hasCode(error, 'EACCES', 'EPERM') || statusOf(error) === 403)
      return { state: 'no-permission', address };
    return { state: 'down', address, why: error instanceof Error ? error.message.trim() : String(error) };
  }
}

/** A socket in a folder that this user may not enter is there for all we know. */
async function absent(path: string): Promise<boolean> {
  return (await kindOf(path).catch(() => 'other' as const)) === undefined;
}
