// Git that talks to repositories elsewhere: asks nobody anything, ends what falls silent, tells what went wrong.
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, type FailureCode } from '../failure.ts';
import { execute } from '../host/exec.ts';
import { git } from '../host/git.ts';
import type { World } from '../world.ts';
import { hostOf, isFolder, secretsOf, shownAddress } from './address.ts';

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
      environment: { ...quietly, ...(await sshVariables(world, addresses)) },
      limit,
      secrets: addresses.flatMap(secretsOf),
      ...(quiet === undefined ? {} : { quiet }),
      ...(onLine === undefined ? {} : { onLine }),
    });
    return stdout;
  } catch (error) {
    world.signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    throw faultOf(error, addresses[0], limit);
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
  GCM_INTERACTIVE: 'never',
  // fetched afterwards, from wherever they can be had
  GIT_LFS_SKIP_SMUDGE: '1',
};

/** ssh by itself has no limit on a silent connection. Whoever runs another ssh knows why. */
async function sshVariables(
  world: World,
  addresses: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const { variables } = world.host;
  if (addresses.every((address) => /^(https?|file|git):\/\//i.test(address))) return {};
  if (variables['GIT_SSH_COMMAND'] !== undefined || variables['GIT_SSH'] !== undefined) return {};
  const own = await git(world, { folder: '/', args: ['config', '--get', 'core.sshCommand'], allow: [1] });
  if (own.trim() !== '') return {};
  const options = ['BatchMode=yes', 'ConnectTimeout=15', 'ServerAliveInterval=10', 'ServerAliveCountMax=3'];
  return { GIT_SSH_COMMAND: ['ssh', ...options.map((option) => `-o ${option}`)].join(' ') };
}

/** What git's own words mean, the first that fits. */
const meanings: readonly (readonly [words: RegExp, code: FailureCode, reason: string])[] = [
  [/no space left on device|disk quota exceeded/i, 'BAI-FILESYSTEM', 'The disk is full.'],
  [
    /dubious ownership|unsafe repository/i,
    'BAI-SOURCE-ACCESS',
    '{shown} belongs to another user, and git reads it only where safe.directory allows it.',
  ],
  [
    /authentication failed|could not read (username|password)|terminal prompts disabled|returned error: 40[137]|permission denied|host key verification failed|access denied/i,
    'BAI-SOURCE-ACCESS',
    '{shown} lets nobody in without a login that git knows. Some servers answer so for what is not there.',
  ],
  [
    /operation too slow|less than \d+ bytes\/sec|operation timed out/i,
    'BAI-SOURCE-TRANSFER',
    '{shown} fell silent in the middle of a transfer.',
  ],
  [
    /rpc failed|transfer closed|early eof|unexpected disconnect/i,
    'BAI-SOURCE-TRANSFER',
    '{shown} broke off in the middle of a transfer.',
  ],
  [
    /couldn't find remote ref|remote branch .* not found|not our ref|unadvertised object/i,
    'BAI-SOURCE-REF',
    '{shown} does not have what was asked for.',
  ],
  [
    /redirects? followed|unable to update url base/i,
    'BAI-SOURCE-REPOSITORY',
    '{shown} only leads elsewhere.',
  ],
  [
    /not valid: is this a git repository|invalid server response|protocol error|bad line length/i,
    'BAI-SOURCE-REPOSITORY',
    '{shown} is no git repository: it answers with something else, such as a page to log in.',
  ],
  [
    /repository .* not found|repository not found|does not (appear to be a git repository|exist)|not a git repository|returned error: 404/i,
    'BAI-SOURCE-REPOSITORY',
    'There is no git repository at {shown}.',
  ],
  [
    /could not resolve|couldn't connect|failed to connect|connection (timed out|refused|reset)|no route to host|network is unreachable|ssl|tls|certificate|proxy/i,
    'BAI-NETWORK',
    '{host} could not be reached: {line}.',
  ],
  [
    /hung up|fetch-pack|index-pack|promisor remote|returned error: (408|429|5\d\d)|could not read from remote|smart http/i,
    'BAI-SOURCE-TRANSFER',
    '{shown} broke off in the middle of a transfer.',
  ],
];

function faultOf(error: Failure, address: string, limit: number): Failure {
  const { lines = [], facts = {} } = error.more;
  const shown = shownAddress(address);
  const told = { facts: { address: shown, argv: facts['argv'] }, lines, cause: error };
  if (/did not end within/.test(error.message)) {
    return new Failure('BAI-NETWORK', `${hostOf(address)} did not answer within ${limit} s.`, told);
  }
  const text = lines.join('\n');
  const found = meanings.find(([words]) => words.test(text));
  if (found === undefined) return error;
  const [words, code, reason] = found;
  const line = (lines.find((each) => words.test(each)) ?? '')
    .replace(/^(fatal|error|ssh): /, '')
    .replace(/^unable to access '[^']*': /, '')
    .replace(/\.?\s*$/, '');
  const said = reason
    .replace('{shown}', () => shown)
    .replace('{host}', () => hostOf(address))
    .replace('{line}', () => line);
  return new Failure(code, said, told);
}
