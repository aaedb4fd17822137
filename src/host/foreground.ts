// Runs a program in our place: with our terminal, and with every signal that is meant for us.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';
import { childVariables } from './variables.ts';

export interface Foreground {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Added to what every child of the user's gets (variables.ts); `undefined` takes one away. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Has every signal from now on given to `listen` instead of ending us. */
  readonly handOver: (listen: (signal: NodeJS.Signals) => void) => void;
}

/** A program that could not be started: it, or the interpreter that its first line names, is missing or not executable. */
export type NotStarted = 'missing' | 'not executable';

/**
 * Runs it to its end, however long that takes, and returns its exit status: 128 and the number for a signal.
 */
export function runInForeground(world: World, wanted: Foreground): Promise<number | NotStarted> {
  const { file, args, cwd, environment, handOver } = wanted;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd,
      env: { ...childVariables(world.host.variables, 'user'), ...environment, ...world.marks },
      stdio: 'inherit',
    });
    handOver((signal) => {
      // a terminal gives its signals to the child as well: twice would be once too often
      if (signal === 'SIGINT' && isatty(0)) return;
      child.kill(signal);
    });
    child.on('exit', (status, signal) => {
      resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve('missing');
      else if (error.code === 'EACCES') resolve('not executable');
      else
        reject(
          new Failure('BAI-COMMAND', `${file} could not be started: ${error.message}.`, { cause: error }),
        );
    });
  });
}
