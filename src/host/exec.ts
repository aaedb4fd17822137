// Runs other programs: never through a shell, always in a process group of their own that can be ended whole.
import { masking } from '../credentials.ts';
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';
import { localBytes } from './limits.ts';
import { childVariables } from './variables.ts';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Added to what every child gets (variables.ts); `undefined` takes one away. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  /** Only root may run it as somebody else; it then belongs to no further groups. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** After so many seconds the process group is ended. Every command has a limit. */
  readonly limit: number;
  /** Exit statuses that are not failures; 0 always is none. */
  readonly allow?: readonly number[];
  /** Strings that must not be seen in events, logs and failures. */
  readonly secrets?: readonly string[];
  /** Only looks: not told as an event, so that a quiet run is quiet. */
  readonly quiet?: boolean;
  /** Called with every line of either stream, in order. */
  readonly onLine?: (line: string) => void;
}

export interface Output {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How long a process group may take to end after SIGTERM before it gets SIGKILL, in milliseconds. */
const grace = 5000;
/** Lines of a failed command that its failure keeps. */
const kept = 20;
/** Characters of such a line. */
const lineLength = 4096;

/**
 * Runs a command to its end. Throws `BAI-COMMAND` for an exit status that is not allowed, a missing program or
 * a passed limit, and the signal's own reason when the run is interrupted. A command that leaves a server
 * behind must not be run here: its pipes would be waited for.
 */
export async function execute(world: World, command: Command): Promise<Output> {
  const { signal, report } = world;
  signal.throwIfAborted();
  const mask = masking(command.secrets ?? []);
  const argv = [command.file, ...command.args].map(mask);
  const cwd = command.cwd ?? world.host.cwd;
  const began = performance.now();
  const lines: string[] = [];
  if (command.quiet !== true) report.emit({ kind: 'command-started', argv, cwd });

  // loaded only when something is run: it takes as long as all the rest of a quick command
  const { execa } = await import('execa');
  const child = execa(command.file, command.args, {
    cwd,
    env: { ...childVariables(world.host.variables, 'own'), ...command.environment, ...world.marks },
    extendEnv: false,
    ...(command.input === undefined ? { stdin: 'ignore' as const } : { input: command.input }),
    ...(command.user === undefined ? {} : { uid: command.user.uid, gid: command.user.gid }),
    detached: true,
    cleanup: false,
    reject: false,
    stripFinalNewline: false,
    maxBuffer: localBytes,
  });
  const onLine = (stream: 'stdout' | 'stderr') => (line: string) => {
    const masked = mask(line);
    lines.push(masked.slice(0, lineLength));
    if (lines.length > kept) lines.shift();
    command.onLine?.(masked);
    if (command.quiet !== true) report.emit({ kind: 'command-output', stream, line: masked });
  };
  const read = Promise.all([
    each(child.iterable({ from: 'stdout' }), onLine('stdout')),
    each(child.iterable({ from: 'stderr' }), onLine('stderr')),
  ]);

  const state: { late: boolean; tooMuch: boolean } = { late: false, tooMuch: false };
  const end = (): void => endGroup(child.pid);
  const timer = setTimeout(() => {
    state.late = true;
    end();
  }, command.limit * 1000);
  signal.addEventListener('abort', end, { once: true });
  // the buffers' own limit ends the child alone, and not what it started
  let bytes = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= localBytes || state.tooMuch) return;
      state.tooMuch = true;
      end();
      // what was read already may be millions of lines
      child.stdout.destroy();
      child.stderr.destroy();
    });
  }
  try {
    const result = await child;
    const allRead = read.catch(() => undefined);
    if (!state.tooMuch) await allRead;
    signal.throwIfAborted();
    const exit = result.exitCode ?? (result.signal === undefined ? 127 : 128);
    if (command.quiet !== true) {
      report.emit({ kind: 'command-ended', argv, exit, seconds: (performance.now() - began) / 1000 });
    }
    if (state.tooMuch || (exit !== 0 && !(command.allow ?? []).includes(exit))) {
      const why = state.tooMuch
        ? `${argv[0] ?? ''} printed more than ${localBytes / 1024 / 1024} MiB and was stopped.`
        : reason(argv, result, state.late ? command.limit : undefined);
      throw new Failure('BAI-COMMAND', why, {
        facts: { argv, cwd, exit, ...(result.signal === undefined ? {} : { signal: result.signal }) },
        lines: [...lines],
      });
    }
    return { exit, stdout: result.stdout, stderr: result.stderr };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

/** Ends a process group: SIGTERM, and SIGKILL if it is still there after the grace time. */
export function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  send(pid, 'SIGTERM');
  setTimeout(() => send(pid, 'SIGKILL'), grace).unref();
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // the group is gone already
  }
}

async function each(lines: AsyncIterable<unknown>, use: (line: string) => void): Promise<void> {
  for await (const line of lines) use(String(line));
}

interface Ending {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly code?: string | undefined;
  readonly originalMessage?: string | undefined;
}

function reason(argv: readonly string[], result: Ending, limit: number | undefined): string {
  const name = argv[0] ?? '';
  if (limit !== undefined) return `${name} did not end within ${limit} s and was stopped.`;
  if (result.code === 'ENOENT') return `${name} is not there, or the folder to run it in is not.`;
  if (result.exitCode !== undefined) return `${name} ended with status ${result.exitCode}.`;
  if (result.signal !== undefined) return `${name} was ended by ${result.signal}.`;
  return `${name} could not be started: ${result.originalMessage ?? 'unknown reason'}.`;
}
