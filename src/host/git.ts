// Git, by way of simple-git: local work only, never a question, never the user's own settings where they would count.
import { simpleGit, GitError } from 'simple-git';
import { defined } from '../defined.ts';
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';

export interface GitCall {
  readonly folder: string;
  readonly args: readonly string[];
  /** GIT_* variables besides our own. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Exit statuses that are not failures; 0 always is none. */
  readonly allow?: readonly number[];
  /** Neither the user's nor the machine's git configuration counts. */
  readonly pristine?: boolean;
}

/** Milliseconds that git may be silent; all that we ask of it is local. */
const silence = 120_000;

/** Variables of the user's that git needs to find itself, its settings and the user's keys. */
const passed = ['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'XDG_CONFIG_HOME', 'SSH_AUTH_SOCK'];

/** Runs git and gives what it printed. Throws `BAI-COMMAND` with git's own last lines. */
export async function git(world: World, call: GitCall): Promise<string> {
  world.signal.throwIfAborted();
  const own = {
    GIT_TERMINAL_PROMPT: '0',
    // a look must not write, not even the index
    GIT_OPTIONAL_LOCKS: '0',
    // a repository above the folder is none of ours
    GIT_CEILING_DIRECTORIES: call.folder.slice(0, call.folder.lastIndexOf('/')) || '/',
    ...(call.pristine === true ? { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' } : {}),
    ...call.variables,
  };
  const user = Object.fromEntries(passed.map((name) => [name, world.host.variables[name]]));
  try {
    return await simpleGit({
      baseDir: call.folder,
      abort: world.signal,
      timeout: { block: silence },
      allowEnvironment: Object.keys(own),
      // these come from us alone
      unsafe: { allowUnsafeConfigPaths: true, allowUnsafeTemplateDir: true, allowUnsafeFilter: true },
      // by itself simple-git takes a failure without words on stderr for a success
      errors: (error, { exitCode, stdOut, stdErr }) =>
        exitCode === 0 || (call.allow ?? []).includes(exitCode)
          ? undefined
          : (error ?? Buffer.concat([...stdOut, ...stdErr, Buffer.from(`status ${exitCode}`)])),
      // "exit" may come before the last words have been read
      completion: { onClose: true, onExit: false },
    })
      .env({ ...defined(user), LC_ALL: 'C', ...own, ...world.marks })
      .raw([...call.args]);
  } catch (error) {
    world.signal.throwIfAborted();
    if (!(error instanceof GitError)) throw error;
    const lines = error.message.split('\n').filter((line) => line.trim() !== '');
    throw new Failure(
      'BAI-COMMAND',
      `git ${call.args[0] ?? ''} failed in ${call.folder}: ${lines.at(-1) ?? 'no reason given'}.`,
      {
        cause: error,
        facts: { argv: ['git', ...call.args], cwd: call.folder },
        lines: lines.slice(-20),
      },
    );
  }
}

/** The version as git tells it, e.g. `2.39.5`; undefined if there is no git. */
export async function gitVersion(world: World): Promise<string | undefined> {
  try {
    const said = await git(world, { folder: '/', args: ['--version'] });
    return /\d+(\.\d+)+/.exec(said)?.[0];
  } catch (error) {
    world.signal.throwIfAborted();
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
