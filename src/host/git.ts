// Git for local work: it asks nothing, reaches no server, and runs no program that a configuration names.
import { simpleGit, GitError } from 'simple-git';
import { defined } from '../defined.ts';
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';
import { execute } from './exec.ts';

/** A key of git's configuration and its value. */
export type Setting = readonly [key: string, value: string];

export interface GitCall {
  readonly folder: string;
  readonly args: readonly string[];
  /** GIT_* variables besides those of every call. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Settings that override those of the repository. */
  readonly settings?: readonly Setting[];
  /** Exit codes that are not failures; 0 never is one. */
  readonly allow?: readonly number[];
  readonly input?: string;
  /** The configuration of the user and the machine is read as well: only for questions about it. */
  readonly configured?: boolean;
}

/** Milliseconds without output after which a call is ended; all of this is local. */
const silence = 120_000;
/** Milliseconds for everything: a checkout of the largest tree takes a minute on a slow disk. */
const whole = 3_600_000;
/** Bytes that git may print; lists of all files of a tree have a few hundred thousand. */
const outputBytes = 256 * 1024 * 1024;

/** Variables of the user's that git needs to find itself and its settings. */
const passed = ['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'XDG_CONFIG_HOME'];

/** Settings under which git's result depends on the repository alone. */
const isolated: readonly Setting[] = [
  ['core.attributesFile', '/dev/null'],
  ['core.excludesFile', '/dev/null'],
  ['commit.gpgSign', 'false'],
  ['tag.gpgSign', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
];

/** Settings that name programs, without any. Those with a name of their own (filters) are listed by `filtersOff`. */
const programless: readonly Setting[] = [
  ['core.fsmonitor', 'false'],
  ['core.hooksPath', '/dev/null'],
  ['core.sshCommand', 'false'],
  ['core.askPass', 'false'],
  ['core.editor', 'false'],
  ['core.pager', 'cat'],
  ['credential.helper', ''],
  ['gpg.program', 'false'],
  ['log.showSignature', 'false'],
  // since no program is run, it does not matter to whom the repository belongs
  ['safe.directory', '*'],
];

/** Reading these is not configuring: the names that simple-git asks to have confirmed. */
const unsafe = {
  ...{ allowUnsafeConfigPaths: true, allowUnsafeConfigEnvCount: true, allowUnsafeTemplateDir: true },
  ...{ allowUnsafeFsMonitor: true, allowUnsafeHooksPath: true, allowUnsafeSshCommand: true },
  ...{ allowUnsafeAskPass: true, allowUnsafeEditor: true, allowUnsafePager: true, allowUnsafeFilter: true },
  ...{ allowUnsafeCredentialHelper: true, allowUnsafeGpgProgram: true },
};

/** Runs git and gives what it printed. Throws `BAI-COMMAND` with git's own last lines. */
export async function git(world: World, call: GitCall): Promise<string> {
  world.signal.throwIfAborted();
  const own = variablesOf(call);
  const user: Readonly<Record<string, string>> = defined(
    Object.fromEntries(passed.map((name) => [name, world.host.variables[name]])),
  ) as Record<string, string>;
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(new Error('it took too long')), whole);
  let bytes = 0;
  try {
    if (call.input !== undefined) return await fed(world, call, { ...user, ...own });
    return await simpleGit({
      baseDir: call.folder,
      abort: AbortSignal.any([world.signal, over.signal]),
      timeout: { block: silence },
      allowEnvironment: Object.keys(own),
      unsafe,
      // by itself simple-git takes a failure without words on stderr for a success
      errors: (error, { exitCode, stdOut, stdErr }) =>
        exitCode === 0 || (call.allow ?? []).includes(exitCode)
          ? undefined
          : (error ?? Buffer.concat([...stdOut, ...stdErr, Buffer.from(`status ${exitCode}`)])),
      // "exit" may come before the last output has been read
      completion: { onClose: true, onExit: false },
    })
      .outputHandler((_command, stdout, stderr) => {
        for (const stream of [stdout, stderr]) {
          stream.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            if (bytes > outputBytes) over.abort(new Error('its output is too large'));
          });
        }
      })
      .env({ ...user, ...own, ...world.marks })
      .raw([...call.args]);
  } catch (error) {
    world.signal.throwIfAborted();
    const lines = over.signal.aborted ? [(over.signal.reason as Error).message] : linesOf(error);
    if (lines === undefined) throw error;
    throw new Failure(
      'BAI-COMMAND',
      `git ${call.args[0] ?? ''} failed in ${call.folder}: ${lines.at(-1) ?? 'no reason given'}.`,
      {
        cause: error,
        facts: { argv: ['git', ...call.args], cwd: call.folder },
        lines: lines.slice(-20),
      },
    );
  } finally {
    clearTimeout(timer);
  }
}

/** The version as git prints it, e.g. `2.39.5`; undefined if there is no git. */
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

/** Settings that turn off every filter that the configuration of a repository names. Reads that configuration. */
export async function filtersOff(world: World, folder: string): Promise<Setting[]> {
  const args = ['config', '--null', '--name-only', '--get-regexp', '^filter\\..*\\.'];
  const keys = (await git(world, { folder, args, allow: [1] })).split('\0').filter((key) => key !== '');
  return keys.map((key): Setting => [key, /\.required$/i.test(key) ? 'false' : '']);
}

/** Settings as variables, which take any key and value. */
export function settingVariables(settings: readonly Setting[]): Record<string, string> {
  const entries = settings.flatMap(([key, value], at) => [
    [`GIT_CONFIG_KEY_${at}`, key],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(settings.length), ...(Object.fromEntries(entries) as object) };
}

function variablesOf({ folder, configured, settings = [], variables }: GitCall): Record<string, string> {
  return {
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    // reading must not write, not even the index
    GIT_OPTIONAL_LOCKS: '0',
    // a repository above the folder is not meant
    GIT_CEILING_DIRECTORIES: folder.slice(0, folder.lastIndexOf('/')) || '/',
    // what a partial clone lacks stays away
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_NO_LAZY_FETCH: '1',
    ...(configured === true
      ? {}
      : {
          ...{ GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_ATTR_NOSYSTEM: '1' },
          // history as it was committed
          ...{ GIT_NO_REPLACE_OBJECTS: '1', GIT_GRAFT_FILE: '/dev/null' },
          ...settingVariables([...isolated, ...programless, ...settings]),
        }),
    ...variables,
  };
}

/** simple-git has no standard input. */
async function fed(
  world: World,
  { folder, args, input, allow }: GitCall,
  environment: Record<string, string>,
): Promise<string> {
  const none = Object.fromEntries(Object.keys(world.host.variables).map((name) => [name, undefined]));
  const { stdout } = await execute(world, {
    ...{ file: 'git', args, cwd: folder, environment: { ...none, ...environment } },
    ...{ limit: silence / 1000, quiet: true, ...defined({ input, allow }) },
  });
  return stdout;
}

/** What git said; undefined if it was not git that failed. */
function linesOf(error: unknown): string[] | undefined {
  if (error instanceof GitError) return error.message.split('\n').filter((line) => line.trim() !== '');
  return error instanceof Failure ? [...(error.more.lines ?? []), error.message] : undefined;
}
