// Runs the built program as a user would: its own process, its own HOME, nothing of this machine's settings.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from './world.ts';

/** The built program in a folder of its own, so that a test may change its templates. */
export interface Program {
  readonly folder: string;
  readonly bin: string;
  /** A folder for PATH in which it is called `bai-dev`. */
  readonly path: string;
  /** Writes a file among its assets, e.g. `templates/releases/9901.yaml`. */
  put(path: string, content: string): void;
  remove(): void;
}

/** A person's home folder, and the variables that their commands are run with. */
export interface Home {
  readonly folder: string;
  readonly home: string;
  readonly state: string;
  readonly cache: string;
  readonly config: string;
  readonly variables: Readonly<Record<string, string>>;
  remove(): void;
}

export interface Start {
  readonly program: Program;
  readonly home: Home;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Over those of the home; `undefined` takes one away. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  /** Seconds after which it is killed; then `exit` is undefined and `late` true. Defaults to 60. */
  readonly limit?: number;
  /** Whose process it is; only root may choose. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** A program and its arguments that start it: the command's own words are added. */
  readonly within?: readonly string[];
  /** Where it is to be killed: `<step>:<started|child|effect>` or `record:<n>`; see kill.mjs. */
  readonly kill?: string;
}

export interface Ended {
  readonly exit: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly late: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
  /** Lines of stdout that are JSON objects. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** The last of them, which `--json` promises to be the envelope. */
  readonly envelope: Envelope | undefined;
}

export interface Envelope {
  readonly schema: number;
  readonly command: string;
  readonly ok: boolean;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly failure?: {
    readonly code: string;
    readonly reason: string;
    readonly next: readonly { purpose: string; command: string }[];
  } & Readonly<Record<string, unknown>>;
}

/** Builds the program as it is now, with its assets, into a folder of its own. The caller removes it. */
export function buildProgram(): Program {
  const folder = mkdtempSync(join(tmpdir(), 'bai-dev-program-'));
  for (const part of ['templates', 'fixtures', 'package.json']) {
    cpSync(join(repository, part), join(folder, part), { recursive: true });
  }
  try {
    execFileSync(process.execPath, [join(repository, '.tooling/build.mjs'), join(folder, 'dist')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 60_000,
    });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    folder,
    bin: join(folder, 'dist/bin.js'),
    path: inPath(folder),
    put: (path, content) => {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), content);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function inPath(folder: string): string {
  const path = join(folder, 'path');
  mkdirSync(path);
  symlinkSync(join(folder, 'dist/bin.js'), join(path, 'bai-dev'));
  return path;
}

/**
 * A fresh HOME whose XDG folders are the default ones, with a pyenv of its own: this machine's Pythons, but room
 * for virtualenvs that nobody else sees. `within`: the folder that it is made in.
 */
export function freshHome(variables: Readonly<Record<string, string>> = {}, within = tmpdir()): Home {
  const folder = mkdtempSync(join(within, 'bai-dev-home-'));
  const home = join(folder, 'home');
  mkdirSync(home);
  linkPythons(join(home, '.pyenv'));
  return {
    folder,
    home,
    state: join(home, '.local/state/bai-dev'),
    cache: join(home, '.cache/bai-dev'),
    config: join(home, '.config/bai-dev'),
    variables: {
      ...machineVariables(),
      ...{ HOME: home, USER: 'tester', LANG: 'C.UTF-8' },
      // no test waits for repositories that it does not bring itself
      BAI_DEV_SOURCE: 'pypi',
      // a Python that is missing is missing on every machine, whatever that can reach
      UV_PYTHON_INSTALL_MIRROR: 'http://127.0.0.1:1/nobody',
      ...variables,
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What a test cannot do without on this machine: where programs are, and how to trust and reach the network. */
function machineVariables(): Record<string, string> {
  const needed = /^(SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|(https?|no|all)_proxy)$/i;
  const path = (process.env['PATH'] ?? '').split(':').filter((part) => !part.includes('/.pyenv/'));
  const given = Object.entries(process.env).filter(([name]) => needed.test(name)) as [string, string][];
  return { ...Object.fromEntries(given), PATH: path.join(':') };
}

function linkPythons(root: string): void {
  const real = join(process.env['PYENV_ROOT'] ?? join(homedir(), '.pyenv'), 'versions');
  for (const version of existsSync(real) ? readdirSync(real) : []) {
    if (!/^3\.\d+\.\d+$/.test(version)) continue;
    // links inside a folder: Python takes this folder for its own, and virtualenvs can be put beside
    mkdirSync(join(root, 'versions', version), { recursive: true });
    for (const part of ['bin', 'lib', 'include', 'share']) {
      symlinkSync(join(real, version, part), join(root, 'versions', version, part));
    }
  }
}

/** Runs it to its end. */
export function run(start: Start): Promise<Ended> {
  return begin(start).ended;
}

/** Starts it and returns at once, for tests that send signals or look while it runs. */
export function begin(start: Start): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const variables: Record<string, string | undefined> = { ...start.home.variables, ...start.variables };
  // last: it brings nothing but bai-dev's own name
  variables['PATH'] = [variables['PATH'], start.program.path].filter((part) => part !== undefined).join(':');
  if (start.kill !== undefined) {
    variables['BAI_DEV_TEST_KILL'] = start.kill;
    variables['NODE_OPTIONS'] = `--import=${join(repository, 'test/rig/kill.mjs')}`;
  }
  const began = performance.now();
  const [file = '', ...args] = [
    ...(start.within ?? []),
    ...[process.execPath, start.program.bin, ...start.args],
  ];
  const child = spawn(file, args, {
    cwd: start.cwd ?? start.home.folder,
    env: Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined)),
    stdio: ['pipe', 'pipe', 'pipe'],
    ...start.user,
  });
  child.stdin.on('error', () => undefined).end(start.input ?? '');
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => out.push(piece));
  child.stderr.on('data', (piece: Buffer) => err.push(piece));
  let late = false;
  const timer = setTimeout(
    () => {
      late = true;
      child.kill('SIGKILL');
    },
    (start.limit ?? 60) * 1000,
  );
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    const end = (exit: number | null, signal: NodeJS.Signals | null): void => {
      clearTimeout(timer);
      const stdout = Buffer.concat(out).toString();
      const lines = objectLines(stdout);
      resolve({
        exit: exit ?? undefined,
        signal: signal ?? undefined,
        late,
        stdout,
        stderr: Buffer.concat(err).toString(),
        seconds: (performance.now() - began) / 1000,
        lines,
        envelope: lines.at(-1) as Envelope | undefined,
      });
    };
    // A killed program's children may hold the pipes for long: its exit is what counts.
    child.on('exit', (exit, signal) => setTimeout(() => end(exit, signal), signal === null ? 50 : 150));
  });
  return { child, ended };
}

function objectLines(text: string): readonly Readonly<Record<string, unknown>>[] {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    try {
      return [JSON.parse(line) as Record<string, unknown>];
    } catch {
      return [];
    }
  });
}
