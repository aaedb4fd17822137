// A real release from PyPI, installed once by the built program and shared by the tests of a file.
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Guide } from '../../src/operations/guide.ts';
import { sharedCache } from '../halfstack/native.ts';
import { purge } from '../rig/inventory.ts';
import { freeBase } from '../rig/stage.ts';
import {
  buildProgram,
  freshHome,
  run,
  type Ended,
  type Home,
  type Program,
  type Start,
} from '../rig/program.ts';

export interface RealRelease {
  readonly program: Program;
  readonly home: Home;
  readonly release: string;
  /** An ID with ports that are its own; what Docker has under it is removed at the end. */
  readonly id: (name: string) => string;
  readonly run: (args: readonly string[], more?: Partial<Start>) => Promise<Ended>;
  /** Installs, or goes on installing, and fails the test when it does not end well. */
  readonly install: (id: string, more?: Partial<Start>) => Promise<Ended>;
  /** The arguments of that install. */
  readonly installing: (id: string) => readonly string[];
  readonly guide: (id: string) => Promise<Guide>;
  readonly close: () => Promise<void>;
}

/** Seconds that an install of real components may take, with nothing in the cache and others beside it. */
const patience = 600;

export interface Opening {
  /** Docker by default. A native halfstack is for a machine without it: then there is none for what runs in its home. */
  readonly engine?: 'docker' | 'native';
  /** Nothing is in its cache. By default it is the cache of all tests of a user. */
  readonly ownCache?: boolean;
}

export function openRelease(release: string, { engine = 'docker', ownCache }: Opening = {}): RealRelease {
  const program = buildProgram();
  const home = freshHome(engine === 'native' ? { DOCKER_HOST: 'unix:///nowhere/docker.sock' } : {});
  if (ownCache !== true) {
    for (const folder of [sharedCache, dirname(home.cache)]) mkdirSync(folder, { recursive: true });
    symlinkSync(sharedCache, home.cache);
  }
  const bases = new Map<string, number>();
  const start = (args: readonly string[], more: Partial<Start> = {}): Promise<Ended> =>
    run({ program, home, args: [...args, '--json'], limit: patience, ...more });
  const installing = (id: string): readonly string[] => {
    const ports = String(bases.get(id) ?? 10_000);
    return ['install', '-e', id, '--release', release, '--ports', ports, '--engine', engine];
  };
  return {
    program,
    home,
    release,
    installing,
    id: (name) => {
      const id = `${name}-${randomInt(36 ** 5).toString(36)}`;
      bases.set(id, freeBase([...bases.values()]));
      return id;
    },
    run: start,
    install: async (id, more) => {
      const ended = await start(installing(id), more);
      if (ended.exit !== 0)
        throw new Error(`install ended with ${String(ended.exit)}:\n${ended.stdout}\n${ended.stderr}`);
      return ended;
    },
    guide: async (id) => {
      const ended = await start(['guide', id]);
      if (ended.envelope?.result === undefined) throw new Error(ended.stdout + ended.stderr);
      return ended.envelope.result as unknown as Guide;
    },
    close: async () => {
      for (const id of bases.keys()) {
        // the servers of a native one that a failed test left
        if (engine === 'native') await start(['delete', '-e', id, '--yes', '--force', '--no-snapshot']);
        else purge(id);
      }
      home.remove();
      program.remove();
    },
  };
}

/** A server that a test started by the guide's own words, and its log. */
export interface ByHand {
  readonly component: string;
  readonly child: ChildProcess;
  readonly log: string;
}

/** Starts a server as the guide says: in its folder, its virtualenv's Python, the command as it stands there. */
export function startByHand(
  home: Home,
  { component, folder, command, python }: Guide['daemons'][number],
): ByHand {
  const log = join(mkdtempSync(join(tmpdir(), 'bai-dev-log-')), `${component}.log`);
  const [, ...args] = command;
  const child = spawn(python, args, {
    cwd: folder,
    env: { ...home.variables, PYTHONDONTWRITEBYTECODE: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const out = createWriteStream(log);
  child.stdout.pipe(out, { end: false });
  child.stderr.pipe(out, { end: false });
  return { component, child, log };
}

/** Ends a server with all that it started, and throws its log away. */
export async function endByHand({ child, log }: ByHand): Promise<void> {
  if (child.pid !== undefined) await endGroup(child.pid);
  rmSync(dirname(log), { recursive: true, force: true });
}

async function endGroup(pid: number): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(-pid, signal);
    } catch {
      return;
    }
    for (let tenth = 0; tenth < 80 && isAlive(pid); tenth += 1) await sleep(100);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Asks until the answer has one of these statuses; then its body. Throws with the server's log when it is late. */
export async function answering(url: string, statuses: readonly number[], server: ByHand): Promise<string> {
  const until = Date.now() + 90_000;
  while (Date.now() < until) {
    const { status, body } = await ask(url);
    if (statuses.includes(status)) return body;
    await sleep(300);
  }
  throw new Error(`${url} does not answer:\n${readFileSync(server.log, 'utf8').slice(-4000)}`);
}

function ask(url: string): Promise<{ status: number; body: string }> {
  if (url.startsWith('http:')) {
    return fetch(url, { signal: AbortSignal.timeout(5000) }).then(
      async (response) => ({ status: response.status, body: await response.text() }),
      () => ({ status: 0, body: '' }),
    );
  }
  // the pair is our own, made for this environment
  return new Promise((resolve) => {
    get(url, { rejectUnauthorized: false, timeout: 5000 }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, body: '' });
    }).on('error', () => resolve({ status: 0, body: '' }));
  });
}

/** Runs upstream's client with one of the environment files that were made for it. */
export function client(home: Home, { client: { folder, files } }: Guide, args: readonly string[]): string {
  const python = virtualenvBin(home, folder);
  const [settings = ''] = files;
  // what stands in the shell file is for a shell: it is the one thing here that runs in one
  const { stdout, stderr, status } = spawnSync(
    'bash',
    ['-c', `. ./${settings} >/dev/null; exec "$0" "$@"`, join(python, 'backend.ai'), ...args],
    { cwd: folder, env: { ...home.variables }, encoding: 'utf8', timeout: 60_000 },
  );
  if (status !== 0)
    throw new Error(`backend.ai ${args.join(' ')} ended with ${String(status)}: ${stdout}${stderr}`);
  return stdout;
}

/** The folder of programs of the virtualenv that a tree's `.python-version` names. */
export function virtualenvBin(home: Home, tree: string): string {
  const name = readFileSync(join(tree, '.python-version'), 'utf8').trim();
  return join(home.home, '.pyenv/versions', name, 'bin');
}

/** Runs a virtualenv's Python in a folder. */
export function python(home: Home, tree: string, args: readonly string[]): string {
  return execFileSync(join(virtualenvBin(home, tree), 'python'), args, {
    cwd: tree,
    env: { ...home.variables },
    encoding: 'utf8',
    timeout: 60_000,
  });
}
