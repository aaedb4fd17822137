// A world for tests: a sandbox of its own, events kept in a list, nobody to ask.
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownerOf } from '../../src/host/identity.ts';
import type { Event } from '../../src/report/events.ts';
import type { Host, World } from '../../src/world.ts';

export const repository = fileURLToPath(new URL('../..', import.meta.url));

export interface Sandbox {
  readonly folder: string;
  readonly world: World;
  readonly events: Event[];
  /** Interrupts the world, as a Ctrl-C would. */
  abort(reason?: unknown): void;
  remove(): void;
}

/** A fresh HOME with state, cache and config folders inside; `variables` are added to this process's own. */
export function sandbox(change: Partial<Host> = {}): Sandbox {
  const folder = mkdtempSync(join(tmpdir(), 'bai-dev-test-'));
  const home = join(folder, 'home');
  mkdirSync(home);
  const events: Event[] = [];
  const controller = new AbortController();
  const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, name: 'tester' };
  const folders = change.folders ?? {
    state: join(home, '.local/state/bai-dev'),
    cache: join(home, '.cache/bai-dev'),
    config: join(home, '.config/bai-dev'),
  };
  const host: Host = {
    platform: process.platform,
    architecture: process.arch,
    home,
    cwd: folder,
    user,
    cpus: cpus().length,
    owner: ownerOf((change.user ?? user).uid, folders.state),
    folders,
    assets: repository,
    version: '0.0.0-test',
    ...change,
    variables: { ...process.env, HOME: home, ...change.variables },
  };
  const run = randomBytes(8).toString('hex');
  return {
    folder,
    events,
    world: {
      host,
      report: { emit: (event) => void events.push(event) },
      ask: {
        available: false,
        text: refuse,
        choose: refuse,
        confirm: refuse,
        secret: refuse,
      },
      signal: controller.signal,
      now: () => new Date(),
      random: (n) => randomBytes(n).toString('hex'),
      marks: { BAI_DEV_RUN: run },
    },
    abort: (reason) => controller.abort(reason),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function refuse(): Promise<never> {
  return Promise.reject(new Error('a test asked a question that nobody answers'));
}
