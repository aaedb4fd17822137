// Daemons in windows of a tmux session that is named after the environment, as the guide of 2021 advises.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import { execute, type Output } from '../host/exec.ts';
import { kindOf } from '../host/files.ts';
import { processStart } from '../host/proc.ts';
import type { World } from '../world.ts';
import type { Spawned } from './background.ts';
import type { Daemon, Launch } from './daemon.ts';

export interface Window {
  /** Of the session: the environment's ID. */
  readonly id: string;
  readonly daemon: Daemon;
  readonly launch: Launch;
}

/** Throws `BAI-PRECHECK` where there is no tmux. */
export async function assertTmux(world: World): Promise<void> {
  const { exit } = await tmux(world, ['-V']).catch(() => ({ exit: 127 }));
  if (exit === 0) return;
  throw new Failure('BAI-PRECHECK', 'tmux is not installed on this machine.', {
    next: [
      { purpose: 'install it, on Debian or Ubuntu', command: 'sudo apt-get install tmux' },
      { purpose: 'or without tmux', command: 'bai-dev start', without: ['tmux'] },
    ],
  });
}

/**
 * Starts a daemon in a window of its own; all that it writes goes to its log as well. The window stays when the
 * daemon ends, so that its last words can be read.
 */
export async function spawnInTmux(world: World, { id, daemon, launch }: Window): Promise<Spawned> {
  const session = await sessionFor(world, id, daemon.name);
  const target = `=${session}:=${daemon.name}`;
  await tmux(world, ['kill-window', '-t', target]); // one that an earlier start left
  const variables = Object.entries({
    ...launch.environment,
    BAI_DEV_ENVIRONMENT: id,
    BAI_DEV_OWNER: world.host.owner,
    BAI_DEV_RUN: undefined,
  });
  const unset = variables.filter(([, value]) => value === undefined).flatMap(([name]) => ['-u', name]);
  const set = variables.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  const place = ['-d', '-n', daemon.name, '-c', unformatted(launch.cwd), '-P', '-F', '#{pane_pid}'];
  // one list of commands, so that nothing is written before the log is connected
  const rest = [
    ...['env', ...unset, ...set, launch.file, ...launch.args],
    ...[';', 'set-option', '-t', `=${session}:`, ownerOption, world.host.owner],
    ...[';', 'set-option', '-w', '-t', target, 'remain-on-exit', 'on'],
    ...[';', 'pipe-pane', '-t', target, `exec cat >> ${quoted(unformatted(daemon.log))}`],
  ];
  const inSession = () => tmux(world, ['new-window', '-t', `=${session}:`, ...place, ...rest]);
  const newSession = () =>
    tmux(world, ['new-session', '-s', session, '-x', '200', '-y', '50', ...place, ...rest]);
  let made = await inSession();
  if (made.exit !== 0) made = await newSession();
  if (made.exit !== 0) made = await inSession(); // another daemon's start was quicker
  const pid = Number(made.stdout.trim());
  if (made.exit !== 0 || !(pid > 0)) {
    throw new Failure(
      'BAI-COMMAND',
      `tmux could not open a window for ${daemon.name}: ${made.stderr.trim()}.`,
    );
  }
  return {
    pid,
    started: (await processStart(pid)) ?? '',
    ended: async () => {
      // the machine knows it to be dead a moment before tmux does, and now and then tmux never hears of it
      for (let attempt = 0; attempt < 10; attempt += 1) {
        const { stdout } = await tmux(world, ['display-message', '-p', '-t', target, '#{pane_dead_status}']);
        // its last words pass through one more process on their way to the log
        await sleep(50);
        if (/^\d+$/.test(stdout.trim())) return Number(stdout);
      }
      return undefined;
    },
  };
}

/** An option of a session that says whose it is: two state folders of a user share one tmux server. */
const ownerOption = '@bai-dev-owner';

/**
 * The session in which a daemon's window is made: that of the environment's name, which may be the user's own, unless
 * it is of another state folder: by its owner or, where an older version made it, as that daemon runs there.
 */
async function sessionFor(world: World, id: string, daemon: string): Promise<string> {
  const { owner } = world.host;
  if ((await tmux(world, ['has-session', '-t', `=${id}`])).exit !== 0) return id;
  const format = `#{window_name} #{pane_dead} #{${ownerOption}}`;
  const { stdout } = await tmux(world, ['list-panes', '-s', '-t', `=${id}:`, '-F', format]);
  const isOthers = stdout.split('\n').some((line) => {
    const [name, dead, whose = ''] = line.split(' ');
    return whose === '' ? name === daemon && dead !== '1' : whose !== owner;
  });
  return isOthers ? `${id}-${owner}` : id;
}

/** Closes the windows of daemons that have ended; the session goes with its last window. */
export async function closeWindows(world: World, id: string, pids: readonly number[]): Promise<void> {
  const { variables, user } = world.host;
  const socket = join(variables['TMUX_TMPDIR'] ?? '/tmp', `tmux-${user.uid}`, 'default');
  // asking a server that does not run would leave its folder behind
  if ((await kindOf(socket).catch(() => undefined)) === undefined) return;
  const format = `#{window_id} #{pane_pid} #{pane_dead} #{session_name} #{${ownerOption}}`;
  const list = ['list-panes', '-a', '-F', format];
  const panes = await tmux(world, list).catch(() => undefined); // no tmux here any more
  for (const line of panes?.stdout.split('\n') ?? []) {
    const [window, pid, dead, session, owner = ''] = line.split(' ');
    // older versions wrote no owner
    const isOurs = owner === world.host.owner || (owner === '' && session === id);
    if (window !== undefined && isOurs && dead === '1' && pids.includes(Number(pid))) {
      await tmux(world, ['kill-window', '-t', window]);
    }
  }
}

/** The server that this may start must not carry the number of our run: whoever ends that would end all windows. */
function tmux(world: World, args: readonly string[]): Promise<Output> {
  const marks = Object.fromEntries(Object.entries(world.marks).filter(([name]) => name !== 'BAI_DEV_RUN'));
  return execute({ ...world, marks }, { file: 'tmux', args, limit: 10, allow: [1], quiet: true });
}

/** tmux expands `#{…}` and, in commands, `%H`. */
const unformatted = (path: string): string => path.replaceAll('#', '##').replaceAll('%', '%%');

const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`;
