// A halfstack of its own in the real engine, for tests that may do anything to it; gone without a trace afterwards.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blockPorts } from '../../src/environment/ports.ts';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import { composeText } from '../../src/halfstack/compose.ts';
import { dockerEngine } from '../../src/halfstack/docker/engine.ts';
import type { HalfstackEngine, Service, Stack } from '../../src/halfstack/engine.ts';
import { stackOf } from '../../src/halfstack/stack.ts';
import { isTaken } from '../../src/host/net.ts';
import type { StepControl } from '../../src/plan/step.ts';
import { forEnvironment, type World } from '../../src/world.ts';
import { sampleRecord } from '../environment/sample.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { watchedEngine, type WatchedEngine } from '../docker/watched.ts';

export const socket = '/var/run/docker.sock';

export interface RealStack {
  readonly box: Sandbox;
  readonly world: World;
  readonly record: EnvironmentRecord;
  readonly stack: Stack;
  readonly engine: HalfstackEngine;
  readonly watched: WatchedEngine;
  readonly control: StepControl;
  /** Words that the last step ended with. */
  readonly summary: () => string | undefined;
  remove(): Promise<void>;
}

/**
 * Nothing of it exists yet but its compose file. Docker's own healthchecks ask every second. `path`: the socket of
 * an engine that is a test's own.
 */
export async function realStack(path = socket): Promise<RealStack> {
  const box = sandbox();
  const id = `real-${randomBytes(3).toString('hex')}`;
  const world = forEnvironment(box.world, id);
  const base = await freeBase();
  const installPath = join(box.folder, 'install');
  mkdirSync(installPath);
  const record = sampleRecord(id, { ports: blockPorts(base), base, installPath });
  record.secrets = {
    ...record.secrets,
    databasePassword: randomBytes(16).toString('hex'),
    redisPassword: randomBytes(16).toString('hex'),
  };
  const stack = quickly(stackOf(record.spec, record.secrets));
  writeFileSync(stack.composeFile, composeText(stack, box.world.host.owner), { mode: 0o600 });
  const watched = await watchedEngine(join(box.folder, 'docker.sock'), path);
  let summary: string | undefined;
  return {
    box,
    world,
    record,
    stack,
    watched,
    engine: dockerEngine(world, watched.address),
    control: { signal: world.signal, progress: () => undefined, summary: (words) => (summary = words) },
    summary: () => summary,
    remove: async () => {
      const of = (...args: readonly string[]): string => docker('--host', `unix://${path}`, ...args);
      for (const kind of ['container', 'volume', 'network'] as const) {
        const label = `label=com.docker.compose.project=${id}`;
        const all = kind === 'container' ? ['-a'] : [];
        const found = of(kind, 'ls', ...all, '-q', '--filter', label).split('\n');
        const names = found.filter((name) => name !== '');
        const force = kind === 'container' ? ['-f', '-v'] : [];
        if (names.length > 0) of(kind, 'rm', ...force, ...names);
      }
      await watched.close();
      box.remove();
    },
  };
}

/** The stack with one service changed. */
export function changed(stack: Stack, role: string, change: (service: Service) => Service): Stack {
  return {
    ...stack,
    services: stack.services.map((service) => (service.role === role ? change(service) : service)),
  };
}

/** Runs Docker's own command line, and returns what it prints. */
export function docker(...args: readonly string[]): string {
  return command('docker', args);
}

export function command(file: string, args: readonly string[], cwd = '/'): string {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: 60_000, cwd });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

const quickly = (stack: Stack): Stack => ({
  ...stack,
  services: stack.services.map((service) => ({ ...service, health: { ...service.health, interval: 1 } })),
});

async function freeBase(): Promise<number> {
  for (;;) {
    // below the ports that this system gives out by itself
    const base = 24_000 + 10 * Math.floor(Math.random() * 800);
    const taken = await Promise.all([base, base + 1, base + 2].map(isTaken));
    if (!taken.includes(true)) return base;
  }
}
