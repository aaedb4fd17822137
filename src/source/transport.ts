// Git that talks to repositories elsewhere: asks nobody anything, ends what falls silent, tells what went wrong.
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import { execute } from '../host/exec.ts';
import type { World } from '../world.ts';
import { isFolder, secretsOf } from './address.ts';
import { faultOf } from './faults.ts';
import { sshVariables } from './ssh.ts';

export interface RemoteCall {
  readonly args: readonly string[];
  /** Whom it talks to: the first is named when it fails, the credentials of all are hidden. */
  readonly addresses: readonly [string, ...string[]];
  /** The repository to work in; none where nothing is written. */
  readonly folder?: string;
  /** Seconds; a transfer that stands still is ended before. */
  readonly limit: number;
  readonly quiet?: boolean;
  /** Settings besides our own, as `git -c` takes them. */
  readonly settings?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

/**
 * Runs git, in a process group of its own without a terminal, so that neither git nor ssh can ask for a password.
 * What the user's own settings say about proxies, credentials and addresses counts. Throws the `BAI-SOURCE-…`
 * that fits, `BAI-NETWORK`, `BAI-FILESYSTEM` or `BAI-COMMAND`.
 */
export async function remoteGit(world: World, call: RemoteCall): Promise<string> {
  const { args, addresses, folder, limit, quiet, onLine } = call;
  const settings = [
    'core.hooksPath=/dev/null',
    'credential.interactive=false',
    'gc.auto=0',
    'maintenance.auto=false',
    // bytes a second, and the seconds after which so little counts as nothing
    'http.lowSpeedLimit=1000',
    'http.lowSpeedTime=20',
    // a submodule may lie on this disk only where the user said that repositories do
    ...(addresses.every(isFolder) ? ['protocol.file.allow=always'] : []),
    ...(call.settings ?? []),
  ];
  try {
    const { stdout } = await execute(world, {
      file: 'git',
      args: [...settings.flatMap((setting) => ['-c', setting]), ...args],
      cwd: folder ?? '/',
      environment: { ...quietly, ...(await sshVariables(world, addresses)), ...call.variables },
      limit,
      secrets: addresses.flatMap(secretsOf),
      ...(quiet === undefined ? {} : { quiet }),
      ...(onLine === undefined ? {} : { onLine }),
    });
    return stdout;
  } catch (error) {
    world.signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    throw faultOf(error, { address: addresses[0], limit, host: world.host });
  }
}

/** Repeats what failed for a reason that may pass, beginning anew each time. */
export async function patiently<T>(world: World, attempt: () => Promise<T>): Promise<T> {
  for (let tried = 0; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      world.signal.throwIfAborted();
      const passing = error instanceof Failure && ['BAI-SOURCE-TRANSFER', 'BAI-NETWORK'].includes(error.code);
      if (!passing || tried >= retries) throw error;
      await sleep(firstPause * 2 ** tried, undefined, { signal: world.signal }).catch(() => undefined);
    }
  }
}

const retries = 2;
/** Milliseconds before the second attempt; the third waits twice as long. */
const firstPause = 500;

/** Where git would look for a repository, or ask for a password, if the user's shell says so. */
const unwelcome = [
  ...['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_COMMON_DIR', 'GIT_NAMESPACE', 'GIT_TRACE'],
  ...['GIT_OBJECT_DIRECTORY', 'GIT_ALTERNATE_OBJECT_DIRECTORIES', 'GIT_TEMPLATE_DIR', 'SSH_ASKPASS'],
];

const quietly: Readonly<Record<string, string | undefined>> = {
  ...Object.fromEntries(unwelcome.map((name) => [name, undefined])),
  LC_ALL: 'C',
  LANGUAGE: undefined,
  GIT_TERMINAL_PROMPT: '0',
  // answers every question with nothing, also where a desktop would open a window
  GIT_ASKPASS: 'true',
  SSH_ASKPASS_REQUIRE: 'never',
  GCM_INTERACTIVE: 'never',
  // fetched afterwards, from wherever they can be had
  GIT_LFS_SKIP_SMUDGE: '1',
};
