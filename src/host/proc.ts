// Processes: who they are, whether they still live, and how those of a killed run are found and ended.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, readdir, readlink, stat } from 'node:fs/promises';
import { hostname, platform, userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** What tells a machine that keeps its files from another one, or from itself before it was started anew. */
export interface Machine {
  readonly name: string;
  /** Changes with every start of the machine; empty where it is not known. */
  readonly boot: string;
  /** Within which process IDs mean something: containers of one machine have one each. */
  readonly namespace: string;
}

/** A process as a person knows it. */
export interface ProcessFacts {
  readonly pid: number;
  readonly command: string;
  readonly user: string;
  /** ISO 8601; undefined where the system does not tell. */
  readonly since?: string;
}

/** Milliseconds between SIGTERM and SIGKILL, and again until a process counts as not to be ended. */
const grace = 5000;
/** Ticks of a second in /proc; a constant of Linux on all architectures that Node runs on. */
const ticks = 100;

/** The process that we are, and its user. */
export const ownPid = process.pid;
export const ownUid = userInStatus(readNow('/proc/self/status')) ?? userInfo().uid;

const linux = platform() === 'linux';

/** The machine that we run on, as it is since its last start. */
export async function thisMachine(): Promise<Machine> {
  const boot = linux
    ? await readOr('/proc/sys/kernel/random/boot_id')
    : await output('sysctl', ['-n', 'kern.bootsessionuuid']);
  const namespace = linux ? await readlink('/proc/self/ns/pid').catch(() => '') : '';
  return { name: hostname(), boot: boot.trim(), namespace };
}

/**
 * When a process began, as text that only means something in comparison: with the ID it names one process, also
 * after the ID was given to another. Undefined if there is no such process or it has ended (zombies have).
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (!linux) {
    const [state, ...start] = (await output('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]))
      .trim()
      .split(/\s+/);
    return state === undefined || state === '' || state.startsWith('Z') ? undefined : start.join(' ');
  }
  const [state, start] = await statOf(pid);
  return state === undefined || state === 'Z' || state === 'X' ? undefined : start;
}

/** The command line of a process; undefined if there is none or it is not told. */
export async function commandOf(pid: number): Promise<string | undefined> {
  const text = linux
    ? (await readOr(`/proc/${pid}/cmdline`)).replaceAll('\0', ' ')
    : await output('ps', ['-o', 'command=', '-p', String(pid)]);
  return text.trim() === '' ? undefined : text.trim();
}

/** A process as far as this user may know it; undefined if there is none. */
export async function processFacts(pid: number): Promise<ProcessFacts | undefined> {
  const start = await processStart(pid);
  if (start === undefined) return undefined;
  const command = (await commandOf(pid)) ?? (await readOr(`/proc/${pid}/comm`)).trim();
  if (!linux) {
    const user = (await output('ps', ['-o', 'user=', '-p', String(pid)])).trim();
    const began = new Date(`${start} UTC`);
    return { pid, command, user, ...(Number.isNaN(began.getTime()) ? {} : { since: began.toISOString() }) };
  }
  const owner = await stat(`/proc/${pid}`).catch(() => undefined);
  const booted = Number(/^btime (\d+)$/m.exec(await readOr('/proc/stat'))?.[1] ?? NaN);
  const since = new Date((booted + Number(start) / ticks) * 1000);
  return {
    pid,
    command,
    user: owner === undefined ? '' : await userName(owner.uid),
    ...(Number.isNaN(since.getTime()) ? {} : { since: since.toISOString() }),
  };
}

/** The real user of a process; undefined if there is no such process. */
export async function userOf(pid: number): Promise<number | undefined> {
  if (linux) return userInStatus(await readOr(`/proc/${pid}/status`));
  const text = (await output('ps', ['-o', 'ruid=', '-p', String(pid)])).trim();
  return text === '' ? undefined : Number(text);
}

/** The owner of a folder in /proc would not do: that is root for a process that changed its user. */
function userInStatus(text: string): number | undefined {
  const uid = /^Uid:\s+(\d+)/m.exec(text)?.[1];
  return uid === undefined ? undefined : Number(uid);
}

/** The name of a user; the number as text if there is none. */
export async function userName(uid: number): Promise<string> {
  const line = (await readOr('/etc/passwd')).split('\n').find((entry) => entry.split(':')[2] === String(uid));
  return line?.split(':')[0] ?? String(uid);
}

/**
 * Processes that were started with a variable of that very value, without this one and those that it descends
 * from. Those whose variables this user may not read are not among them.
 */
export async function carrying(variable: string, value: string): Promise<number[]> {
  const entry = `${variable}=${value}`;
  const ours = await ancestors();
  if (!linux) {
    const lines = (await output('ps', ['-Eww', '-axo', 'pid=,command='])).split('\n');
    const found = lines.filter((line) => line.split(/\s+/).includes(entry));
    return found.map((line) => Number.parseInt(line, 10)).filter((pid) => !ours.has(pid));
  }
  const pids = await processIds();
  const carry = await Promise.all(
    pids.map(async (pid) => (await readOr(`/proc/${pid}/environ`)).split('\0').includes(entry)),
  );
  return pids.filter((pid, at) => carry[at] === true && !ours.has(pid));
}

/**
 * Ends processes: SIGTERM, and SIGKILL for what is there after the grace time. Returns when they are gone, or
 * those that are still there after another grace time. An ID that meanwhile means another process is left alone, and
 * so is a process of none of `users`, also by root: it counts as one that cannot be ended.
 */
export async function endProcesses(
  pids: readonly number[],
  users: readonly number[] = [ownUid],
): Promise<number[]> {
  const found = await Promise.all(
    pids.map(async (pid) => ({ pid, start: await processStart(pid), mine: await isOfAny(pid, users) })),
  );
  const others = found.filter(({ start, mine }) => start !== undefined && !mine).map(({ pid }) => pid);
  let left = found.filter(({ mine }) => mine);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const { pid, start } of left) {
      if (start !== undefined && (await processStart(pid)) === start) send(pid, signal);
    }
    const until = Date.now() + grace;
    for (;;) {
      const now = await Promise.all(left.map(({ pid }) => processStart(pid)));
      left = left.filter(({ start }, at) => start !== undefined && now[at] === start);
      if (left.length === 0) return others;
      if (Date.now() > until) break;
      await sleep(25);
    }
  }
  return [...others, ...left.map(({ pid }) => pid)];
}

/** True if one of these users runs a process: whoever signals another's, as root may, ends what is not bai-dev's. */
export async function isOfAny(pid: number, users: readonly number[]): Promise<boolean> {
  const user = await userOf(pid);
  return user !== undefined && users.includes(user);
}

/** All process IDs of this Linux machine. */
export async function processIds(): Promise<number[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
}

/** This process and those that it descends from. */
export async function ancestors(): Promise<Set<number>> {
  const found = new Set<number>();
  for (let pid = process.pid; pid > 0 && !found.has(pid);) {
    found.add(pid);
    const parent = linux ? (await statOf(pid))[2] : await output('ps', ['-o', 'ppid=', '-p', String(pid)]);
    pid = Number(parent ?? 0);
  }
  return found;
}

/** State, start and parent of a process; the name before them may hold spaces and brackets. */
async function statOf(pid: number): Promise<[state?: string, start?: string, parent?: string]> {
  const text = await readOr(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return text === '' ? [] : [fields[0] ?? '', fields[19] ?? '', fields[1] ?? ''];
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it is gone, or not ours: that shows when it is looked for
  }
}

function readNow(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const readOr = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** What a small program of the system prints; nothing if it fails. */
function output(file: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    // `ps` prints times in the time zone and language of whoever asks, and the same process must have one start
    const command = ['LC_ALL=C', 'TZ=UTC', file, ...args];
    execFile('env', command, { timeout: 10_000, maxBuffer: 64 * 1024 * 1024 }, (error, stdout) =>
      resolve(error === null ? stdout : ''),
    );
  });
}
