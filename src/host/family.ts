// Processes by what they carry and whom they descend from: how servers that rename themselves are found again.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { processIds } from './proc.ts';

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
  return (await everyProcess()).filter((one) => !isDead(one));
}

/** Milliseconds in which a process that lives up to it takes notice of a child's end. */
const mourning = 300;

/**
 * True if all children of a process are dead and it never took notice: it only waits for workers that are gone. One
 * that has none at all has not lost any.
 */
export async function hasLostWorkers(pid: number): Promise<boolean> {
  const dead = async (): Promise<readonly number[]> => {
    const children = (await everyProcess()).filter(({ parent }) => parent === pid);
    return children.every(isDead) ? children.map((child) => child.pid) : [];
  };
  const before = await dead();
  if (before.length === 0) return false;
  await sleep(mourning);
  const after = await dead();
  return before.some((child) => after.includes(child));
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

/** All processes that were started with every one of these variables, and what each says in them. */
export async function carriers(
  names: readonly string[],
): Promise<readonly (Relative & { readonly values: readonly string[] })[]> {
  const seen = linux ? undefined : await psVariables();
  const pids = seen === undefined ? await processIds() : [...seen.keys()];
  const carry = pids.flatMap((pid) => {
    const variables = variablesOf(pid, seen);
    const values = names.flatMap((name) => {
      const entry = variables.find((one) => one.startsWith(`${name}=`));
      return entry === undefined ? [] : [entry.slice(name.length + 1)];
    });
    return values.length < names.length || pid === process.pid ? [] : [{ pid, values }];
  });
  if (carry.length === 0) return [];
  const known = linux ? carry.map(({ pid }) => entryOf(pid)) : await everyProcess();
  return carry.flatMap(({ pid, values }) => {
    const entry = known.find((one) => one?.pid === pid);
    return entry === undefined || isDead(entry) ? [] : [{ ...entry, values }];
  });
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

/** `state` as the kernel names it, by its first letter. */
interface Entry extends Relative {
  readonly state: string;
}

const isDead = ({ state }: Entry): boolean => /^[ZX]/.test(state);

async function everyProcess(): Promise<readonly Entry[]> {
  if (!linux) return (await psLines(['-axo', 'pid=,ppid=,pgid=,stat=,lstart='])).flatMap(ofPs);
  return (await processIds()).map(entryOf).filter((one) => one !== undefined);
}

function entryOf(pid: number): Entry | undefined {
  const text = readOr(`/proc/${pid}/stat`);
  // the name before the fields may hold spaces and brackets
  const [state = '', parent, group, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const started = rest[16];
  if (started === undefined) return undefined;
  return { pid, parent: Number(parent), group: Number(group), started, state };
}

function ofPs(line: string): Entry[] {
  const [pid, parent, group, state, ...start] = line.trim().split(/\s+/);
  if (state === undefined) return [];
  return [
    { pid: Number(pid), parent: Number(parent), group: Number(group), started: start.join(' '), state },
  ];
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
