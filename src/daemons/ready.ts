// Waits until a daemon answers: by the release's own probe, or by what the manager says of it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { EnvironmentSpec } from '../environment/spec.ts';
import { askLoopback } from '../host/loopback.ts';
import { listeners } from '../host/net.ts';
import type { World } from '../world.ts';
import { agentsOf, type KnownAgent } from './asking.ts';
import type { Daemon } from './daemon.ts';

export interface Awaited {
  readonly daemon: Daemon;
  readonly spec: EnvironmentSpec;
  /** False once it ended: then waiting longer is of no use. */
  alive(): Promise<boolean>;
  /** Seconds. */
  readonly limit: number;
}

export type Readiness =
  | { readonly ready: true }
  /** `last`: what the last question to it brought, in a few words. */
  | { readonly ready: false; readonly why: 'ended' | 'late'; readonly last: string };

/** Milliseconds between two questions, and for each. */
const pause = 100;
const answerLimit = 2000;
/** In the servers' access logs a question of bai-dev is told by this from those of others. */
const probeHeaders = { 'User-Agent': 'bai-dev' };

/** Asks until the daemon answers, ends, or the limit has passed. Throws the signal's reason when interrupted. */
export async function waitUntilReady(world: World, awaited: Awaited): Promise<Readiness> {
  const until = performance.now() + awaited.limit * 1000;
  for (;;) {
    world.signal.throwIfAborted();
    const answer = await askDaemon(world, awaited);
    if (answer === 'ready') return { ready: true };
    if (!(await awaited.alive())) return { ready: false, why: 'ended', last: answer };
    if (performance.now() > until) return { ready: false, why: 'late', last: answer };
    await sleep(pause, undefined, { signal: world.signal }).catch(() => undefined);
  }
}

/** `ready`, or why it is not, in a few words. Never throws for what the daemon does. */
export async function askDaemon(
  world: World,
  { daemon, spec }: Pick<Awaited, 'daemon' | 'spec'>,
): Promise<string> {
  const { signal } = world;
  try {
    if (daemon.probe === undefined) return await askManager(world, daemon, spec);
    const { url, status } = daemon.probe;
    const answer = await askLoopback({ url, headers: probeHeaders, limit: answerLimit, signal });
    return status.includes(answer.status) ? 'ready' : `${url} answers with status ${answer.status}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The agent that listens on one of a daemon's ports, among all that the manager knows. */
export function agentOf(agents: readonly KnownAgent[], daemon: Daemon): KnownAgent | undefined {
  return agents.find(({ address }) => daemon.ports.some((port) => address.endsWith(`:${port}`)));
}

async function askManager(world: World, daemon: Daemon, spec: EnvironmentSpec): Promise<string> {
  // the manager believes in an agent for ten seconds after its last heartbeat: one that just died looks alive
  const listening = new Set((await listeners()).map(({ port }) => port));
  const [port] = daemon.ports;
  if (port !== undefined && !listening.has(port)) return `nothing listens on port ${port}`;
  const agent = agentOf(await agentsOf(spec, { limit: answerLimit, signal: world.signal }), daemon);
  if (agent === undefined) return 'the manager does not know it yet';
  return agent.status === 'ALIVE' ? 'ready' : `the manager says ${agent.status}`;
}
