// What is told of a living process by the system itself: the folder it stands in, the variables it began with.
import { readFile, readlink, realpath } from 'node:fs/promises';
import { platform } from 'node:os';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spellingsOf } from './path.ts';
import { ancestors, commandOf, isOfAny, ownUid, processIds, processStart } from './proc.ts';

export interface Living {
  readonly pid: number;
  /** As `processStart` gives it. */
  readonly started: string;
  /** Its command line; a server may have written something else there. */
  readonly command: string;
  /** The file that it runs, through all links, also after that was removed; undefined where this is not told. */
  readonly program?: string;
}

/** What Linux adds to the name of what is gone. */
const gone = ' (deleted)';

/**
 * The folder that a process stands in, also after that was removed; undefined where this user may not know or
 * the system does not tell (only Linux does).
 */
export async function standsIn(pid: number): Promise<string | undefined> {
  return leadsTo(`/proc/${pid}/cwd`);
}

/** True if a process stands in a folder, by whatever links that is named. */
export async function isStandingIn(pid: number, folder: string): Promise<boolean> {
  const stands = await standsIn(pid);
  return stands !== undefined && (await spellingsOf(folder)).includes(stands);
}

async function leadsTo(link: string): Promise<string | undefined> {
  const path = await readlink(link).catch(() => undefined);
  return path?.endsWith(gone) === true ? path.slice(0, -gone.length) : path;
}

/** True if a process was started with a variable of that value; some servers overwrite that memory. */
export async function carries(pid: number, variable: string, value: string): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return text.split('\0').includes(`${variable}=${value}`);
}

/** All processes that stand in this very folder, the oldest first; none where the system does not tell. */
export async function livingIn(folder: string): Promise<Living[]> {
  return (await livingInEach([folder])).get(folder) ?? [];
}

/** The same for many folders by one look at the machine; folders in which nobody stands are not in the answer. */
export async function livingInEach(folders: readonly string[]): Promise<ReadonlyMap<string, Living[]>> {
  const found = new Map<string, Living[]>();
  if (platform() !== 'linux' || folders.length === 0) return found;
  const real = await Promise.all(folders.map((folder) => realpath(folder).catch(() => folder)));
  const names = new Map(real.map((path, at) => [path, folders[at] ?? path]));
  const look = async (pid: number): Promise<void> => {
    const folder = names.get((await standsIn(pid)) ?? '');
    if (folder === undefined) return;
    const started = await processStart(pid);
    const command = await commandOf(pid);
    const program = await leadsTo(`/proc/${pid}/exe`);
    if (started === undefined || command === undefined) return;
    const living = { pid, started, command, ...(program === undefined ? {} : { program }) };
    found.set(folder, [...(found.get(folder) ?? []), living]);
  };
  await Promise.all((await processIds()).map(look));
  for (const living of found.values()) {
    living.sort((a, b) => Number(a.started) - Number(b.started) || a.pid - b.pid);
  }
  return found;
}

/**
 * Processes that run Python or another program of one of these virtualenvs: it lies there, or it has loaded a library
 * from there, or it was started where one of them was activated. Without this process and those that it descends
 * from; none where the system does not tell.
 */
export async function runningFrom(virtualenvs: readonly string[]): Promise<Living[]> {
  if (platform() !== 'linux') return [];
  const real = await Promise.all(virtualenvs.map((folder) => realpath(folder).catch(() => folder)));
  const folders = [...new Set([...virtualenvs, ...real])];
  const above = await ancestors();
  const found: Living[] = [];
  for (const pid of (await processIds()).filter((one) => !above.has(one))) {
    const program = await leadsTo(`/proc/${pid}/exe`);
    const command = await commandOf(pid);
    // a kernel's own thread has neither
    if (program === undefined || command === undefined) continue;
    if (!(await isOf(folders, { pid, program, command }))) continue;
    const started = await processStart(pid);
    if (started !== undefined) found.push({ pid, started, command, program });
  }
  return found;
}

async function isOf(
  folders: readonly string[],
  { pid, program, command }: Pick<Living, 'pid' | 'command'> & { readonly program: string },
): Promise<boolean> {
  const begins = (text: string): boolean => folders.some((folder) => text.startsWith(`${folder}/`));
  if (begins(program) || begins(command)) return true;
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8').catch(() => '');
  if (folders.some((folder) => maps.includes(` ${folder}/`))) return true;
  if (!/^python[\d.]*$/.test(basename(program))) return false;
  const carried = await Promise.all(folders.map((folder) => carries(pid, 'VIRTUAL_ENV', folder)));
  return carried.includes(true);
}

/**
 * Sends a signal to exactly this process; false if it is gone, may not be signalled or is of none of `users`, which
 * root could signal as well.
 */
export async function signalLiving(
  { pid, started }: Pick<Living, 'pid' | 'started'>,
  signal: NodeJS.Signals,
  users: readonly number[] = [ownUid],
): Promise<boolean> {
  if ((await processStart(pid)) !== started || !(await isOfAny(pid, users))) return false;
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Waits until all of them are gone; those that are not after so many seconds. */
export async function waitForEnd<P extends Pick<Living, 'pid' | 'started'>>(
  processes: readonly P[],
  seconds: number,
): Promise<P[]> {
  for (const until = performance.now() + seconds * 1000; ;) {
    const starts = await Promise.all(processes.map(({ pid }) => processStart(pid)));
    const left = processes.filter(({ started }, at) => starts[at] === started);
    if (left.length === 0 || performance.now() > until) return left;
    await sleep(10);
  }
}
