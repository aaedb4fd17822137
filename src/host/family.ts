// Processes by what they carry and whom they descend from: how servers that rename themselves are found again.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';
import { processIds, userOf } from './proc.ts';

export interface Relative {
  readonly pid: number;
  readonly parent: number;
  /** The process group; a program that was started detached leads one. */
  readonly group: number;
  /** As `processStart` gives it. */
  readonly started: string;
}

const linux = platform() === 'linux';

/** All living processes of the machine; zombies are dead. */
export async function allProcesses(): Promise<readonly Relative[]> {
  if (!linux) return (await psLines(['-axo', 'pid=,ppid=,pgid=,stat=,lstart='])).flatMap(ofPs);
  return (await processIds()).map(relativeOf).filter((one) => one !== undefined);
}

/**
 * Those of `processes` that were started with all of `marks` among their variables. A child inherits them, also
 * one that left its session. Those whose variables this user may not read are not among them.
 */
export async function carryingAll(
  processes: readonly Relative[],
  marks: Readonly<Record<string, string>>,
): Promise<readonly Relative[]> {
  const entries = Object.entries(marks).map(([name, value]) => `${name}=${value}`);
  const seen = linux ? undefined : await psVariables();
  return processes.filter(({ pid }) => {
    const variables = variablesOf(pid, seen);
    return pid !== process.pid && entries.every((entry) => variables.includes(entry));
  });
}

/** A process with what it was started with: the values of the variables that were asked for. */
export interface Carrier extends Relative {
  readonly values: Readonly<Record<string, string | undefined>>;
}

/** All processes that were started with every one of these variables, with what each says in them and in `others`. */
export async function carriers(
  names: readonly string[],
  others: readonly string[] = [],
): Promise<readonly Carrier[]> {
  const seen = linux ? undefined : await psVariables();
  const pids = seen === undefined ? await processIds() : [...seen.keys()];
  const carry = pids.flatMap((pid) => {
    const values = valuesOf(variablesOf(pid, seen), [...names, ...others]);
    return names.some((name) => values[name] === undefined) || pid === process.pid ? [] : [{ pid, values }];
  });
  if (carry.length === 0) return [];
  const known = linux ? carry.map(({ pid }) => relativeOf(pid)) : await allProcesses();
  return carry.flatMap(({ pid, values }) => {
    const relative = known.find((one) => one?.pid === pid);
    return relative === undefined ? [] : [{ ...relative, values }];
  });
}

/** What one process says in these variables; nothing where this user may not read them. */
export async function carriedBy(pid: number, names: readonly string[]): Promise<Carrier['values']> {
  return valuesOf(variablesOf(pid, linux ? undefined : await psVariables()), names);
}

function valuesOf(variables: readonly string[], names: readonly string[]): Carrier['values'] {
  return Object.fromEntries(
    names.map((name) => [name, variables.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1)]),
  );
}

/** Those of `processes` that a user runs: by their real user, which a program with more rights does not change. */
export async function ofUser<P extends Pick<Relative, 'pid'>>(
  processes: readonly P[],
  uid: number,
): Promise<readonly P[]> {
  const users = await Promise.all(processes.map(({ pid }) => userOf(pid)));
  return processes.filter((_, at) => users[at] === uid);
}

/** The topmost of `members` that a process descends from by way of these alone: of a worker, what started it. */
export async function topmostOf(pid: number, members: ReadonlySet<number>): Promise<number> {
  const parents = new Map((await allProcesses()).map((one) => [one.pid, one.parent]));
  let top = pid;
  for (let at = parents.get(pid); at !== undefined && members.has(at); at = parents.get(at)) top = at;
  return top;
}

/** The roots that are among `processes`, and all that descend from them. */
export function withDescendants(
  processes: readonly Relative[],
  roots: readonly number[],
): readonly Relative[] {
  const found = new Set(roots);
  for (let size = -1; size !== found.size;) {
    size = found.size;
    for (const { pid, parent } of processes) if (found.has(parent)) found.add(pid);
  }
  return processes.filter(({ pid }) => found.has(pid));
}

function relativeOf(pid: number): Relative | undefined {
  const text = readOr(`/proc/${pid}/stat`);
  // the name before the fields may hold spaces and brackets
  const [state, parent, group, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const started = rest[16];
  if (started === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, parent: Number(parent), group: Number(group), started };
}

function ofPs(line: string): Relative[] {
  const [pid, parent, group, state, ...start] = line.trim().split(/\s+/);
  if (state === undefined || state.startsWith('Z')) return [];
  return [{ pid: Number(pid), parent: Number(parent), group: Number(group), started: start.join(' ') }];
}

/** What a process was started with; `seen` where the system tells of all at once. */
function variablesOf(pid: number, seen: ReadonlyMap<number, string[]> | undefined): readonly string[] {
  return seen?.get(pid) ?? (linux ? readOr(`/proc/${pid}/environ`).split('\0') : []);
}

async function psVariables(): Promise<Map<number, string[]>> {
  const lines = await psLines(['-Eww', '-axo', 'pid=,command=']);
  return new Map(lines.map((line) => [Number.parseInt(line, 10), line.trim().split(/\s+/).slice(1)]));
}

/** At once: the kernel answers from memory, and hundreds of such files read the other way take ten times as long. */
function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function psLines(args: readonly string[]): Promise<string[]> {
  return new Promise((resolve) => {
    execFile('ps', args, { timeout: 10_000, maxBuffer: 64 * 1024 * 1024 }, (error, stdout) =>
      resolve(error === null ? stdout.split('\n').filter((line) => line !== '') : []),
    );
  });
}
