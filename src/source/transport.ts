// Git that talks to repositories elsewhere: asks nobody anything, ends what falls silent, tells what went wrong.
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import { execute } from '../host/exec.ts';
import { settingVariables } from '../host/git.ts';
import type { World } from '../world.ts';
import { isFolder, secretsOf } from './address.ts';
import { faultOf } from './faults.ts';
import { reachSettings, withoutOtherVariables } from './reach.ts';
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
 * Of the user's own settings only those about reaching repositories count (reach.ts). Throws the `BAI-SOURCE-…` that
 * fits, `BAI-NETWORK`, `BAI-FILESYSTEM` or `BAI-COMMAND`.
 */
export async function remoteGit(world: World, call: RemoteCall): Promise<string> {
  const { args, addresses, folder, limit, quiet, onLine } = call;
  const settings = [
    'core.hooksPath=/dev/null',
    'core.fsmonitor=false',
    // these two are read from the user's folder even where no configuration names them
    'core.attributesFile=/dev/null',
    'core.excludesFile=/dev/null',
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
  const reach = await reachSettings(world, folder ?? '/');
  try {
    const { stdout } = await execute(world, {
      file: 'git',
      args: [...settings.flatMap((setting) => ['-c', setting]), ...args],
      cwd: folder ?? '/',
      environment: {
        ...withoutOtherVariables(world),
        ...quietly,
        ...settingVariables(reach),
        ...sshVariables(world, { addresses, reach }),
        ...call.variables,
      },
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

const quietly: Readonly<Record<string, string | undefined>> = {
  SSH_ASKPASS: undefined,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_ATTR_NOSYSTEM: '1',
  // repositories begin without the hooks and files of a template
  GIT_TEMPLATE_DIR: '',
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
