// Starts servers that outlive the command that started them, in a session of their own, writing to their own log.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';
import { filesystemFailure } from './files.ts';
import { processStart } from './proc.ts';
import { childVariables } from './variables.ts';

export interface Detached {
  /** Absolute. */
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Added to what every child gets (variables.ts); `undefined` takes one away. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Both output streams are added to the end of this file, which is made with mode 0600. */
  readonly log: string;
  /** Only root may run it as somebody else; it then belongs to no further groups. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** A process that was started: with its start time its ID names it for ever. */
export interface Started {
  readonly pid: number;
  /** As `processStart` gives it; empty if it ended before it could be looked at. */
  readonly started: string;
  /** How it ended, if it has while we are here to see it: an exit status or the name of a signal. */
  readonly ended: () => number | NodeJS.Signals | undefined;
}

/**
 * Starts a program and returns when it runs; nothing of ours waits for its end. It carries the environment's ID
 * but not the number of this run: whoever takes over a dead run ends what carries that number, and servers must
 * live on. Throws `BAI-COMMAND` if it cannot be started.
 */
export async function spawnDetached(world: World, wanted: Detached): Promise<Started> {
  const { file, args, cwd, log, user } = wanted;
  world.signal.throwIfAborted();
  // raw descriptors, because a pipe would tie the server's life to ours
  const output = await open(log, 'a', 0o600).catch((error: unknown) => {
    throw filesystemFailure('write', log, error);
  });
  try {
    const child = spawn(file, args, {
      cwd,
      env: {
        ...childVariables(world.host.variables, 'own'),
        ...wanted.environment,
        ...world.marks,
        BAI_DEV_RUN: undefined,
      },
      stdio: ['ignore', output.fd, output.fd],
      detached: true,
      ...user,
    });
    let ended: number | NodeJS.Signals | undefined;
    child.on('exit', (status, signal) => (ended = status ?? signal ?? undefined));
    child.unref();
    await once(child, 'spawn');
    const { pid } = child;
    if (pid === undefined) throw new Error('a process that was started has no ID');
    return { pid, started: (await processStart(pid)) ?? '', ended: () => ended };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure('BAI-COMMAND', `${file} could not be started: ${why}.`, {
      cause: error,
      facts: { argv: [file, ...args], cwd },
    });
  } finally {
    await output.close();
  }
}
