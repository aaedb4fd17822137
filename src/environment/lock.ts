// A lock that a process which died cannot keep: it names its owner, and whoever finds the owner dead takes it over.
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { Failure } from '../failure.ts';
import {
  hashOf,
  hasCode,
  linkNew,
  listFolder,
  makeFolder,
  moveOver,
  readOwned,
  removeEmptyFolder,
  removeFile,
  writeNew,
} from '../host/files.ts';
import { serverUser } from '../host/owner.ts';
import { holdFile, isHeld } from '../host/flock.ts';
import { carrying, endProcesses, isOfAny, ownPid, ownUid, processStart, thisMachine } from '../host/proc.ts';
import type { World } from '../world.ts';
import { parseJson } from './json.ts';

const holderSchema = z.object({
  pid: z.number().int().positive(),
  /** Start of the process: with the ID it names one process for good. */
  started: z.string(),
  machine: z.object({ name: z.string(), boot: z.string(), namespace: z.string() }),
  command: z.string(),
  /** ISO 8601. */
  since: z.string(),
  /** The number that everything carries which that run started. */
  run: z.string(),
  /** Makes every lock's content unlike any other's. */
  token: z.string(),
  /** The kernel's own lock is held on the file as well: it is free once the holder is gone, in whatever container. */
  kernel: z.literal(true).optional(),
});

/** Who holds a lock. */
export type Holder = Readonly<z.infer<typeof holderSchema>>;

export interface Lock {
  /** Gives it back; twice is once. Folders of the state that are empty then go too. */
  release(): Promise<void>;
}

export interface LockOptions {
  /** What is done under it, for whoever finds it held, e.g. `install -e dev2109`. */
  readonly command: string;
  /** Seconds to wait for another holder; 0 by default. */
  readonly waitSeconds?: number;
}

/**
 * Takes the lock at `path`. A holder that lives is waited for, then `BAI-LOCKED` names it. A dead one's lock is
 * taken over with a note, after everything that its run left behind has been ended.
 */
export async function acquireLock(world: World, path: string, options: LockOptions): Promise<Lock> {
  const started = await processStart(ownPid);
  const own = {
    pid: ownPid,
    started: started ?? '',
    machine: await thisMachine(),
    command: options.command,
    since: world.now().toISOString(),
    run: world.marks['BAI_DEV_RUN'] ?? '',
    token: world.random(8),
    kernel: true,
  } satisfies Holder;
  const claim: Claim = {
    world,
    path,
    own,
    text: JSON.stringify(own),
    held: new Map(),
    until: performance.now() + (options.waitSeconds ?? 0) * 1000,
  };
  await hold(claim, path);
  await sweep(path);
  return { release: () => release(claim, path) };
}

/** Who holds the lock at `path`; undefined if it is free, or its owner is dead. Only looks. */
export async function lockHolder(path: string): Promise<Holder | undefined> {
  const found = await look(path);
  return found?.holder !== undefined && (await isAlive(path, found.holder)) ? found.holder : undefined;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface Claim {
  readonly world: World;
  readonly path: string;
  readonly own: Mutable<Holder>;
  /** The content of the lock; changes only before it is placed. */
  text: string;
  /** How the kernel's locks are given back, by file. */
  readonly held: Map<string, () => void>;
  /** When to give up, by the monotonic clock. */
  readonly until: number;
}

interface Found {
  readonly text: string;
  /** Undefined if the content is broken: locks are written whole, so no living process wrote it. */
  readonly holder: Holder | undefined;
}

/** Gets `file`, which is the lock itself or a guard of it, under our name. */
async function hold(claim: Claim, file: string): Promise<void> {
  for (let taken = false; !taken;) {
    claim.world.signal.throwIfAborted();
    const found = await look(file);
    if (found === undefined) taken = await place(claim, file, (beside) => linkNew(beside, file));
    else if (found.holder === undefined || !(await isAlive(file, found.holder)))
      taken = await takeOver(claim, file, found);
    else await waitFor(claim, found.holder);
  }
}

/**
 * Replaces a dead owner's lock by ours. Two that saw the same dead owner would otherwise remove each other's lock:
 * so this happens under a guard that is named after what is replaced, and only if that is still there. The guard
 * is itself a lock: its owner may die as well.
 */
async function takeOver(claim: Claim, file: string, dead: Found): Promise<boolean> {
  const guard = `${claim.path}.${hashOf(dead.text).slice(0, 16)}`;
  await hold(claim, guard);
  try {
    if ((await look(file))?.text !== dead.text) return false;
    if (dead.holder !== undefined) await endRun(claim, dead.holder);
    const taken = await place(claim, file, (beside) => moveOver(beside, file).then(() => true));
    if (taken && file === claim.path && dead.holder !== undefined) {
      const message = `An earlier run (${dead.holder.command}, process ${dead.holder.pid}) ended before its end; this one takes over.`;
      claim.world.report.emit({ kind: 'note', severity: 'note', message });
    }
    return taken;
  } finally {
    await release(claim, guard);
  }
}

/** Ends what a dead run left behind, before its number is forgotten: what it started may still be writing. */
async function endRun(claim: Claim, { run }: Holder): Promise<void> {
  if (run === '' || run === claim.own.run) return;
  // what root runs as another user carries the number as well
  const users = ownUid === 0 ? [ownUid, (await serverUser()).uid] : [ownUid];
  for (;;) {
    const found = await carrying('BAI_DEV_RUN', run);
    const ours = await Promise.all(found.map((pid) => isOfAny(pid, users)));
    const pids = found.filter((_, at) => ours[at]);
    if (pids.length === 0) return;
    const [stubborn] = await endProcesses(pids, users);
    if (stubborn !== undefined) {
      throw new Failure(
        'BAI-LOCKED',
        `Process ${stubborn} of a run that was killed still works and cannot be ended.`,
        {
          next: [{ purpose: 'look at it', command: `ps -fp ${stubborn}` }],
        },
      );
    }
  }
}

/** Writes our content beside and lets `move` give it its name; false if that name was taken first. */
async function place(
  claim: Claim,
  file: string,
  move: (beside: string) => Promise<boolean>,
): Promise<boolean> {
  const beside = `${claim.path}.${claim.own.pid}.${claim.world.random(4)}.new`;
  try {
    await makeFolder(dirname(beside), 0o700);
    await writeNew(beside, claim.text);
    // before it is seen under its name: the kernel's lock goes with the file
    const free = claim.own.kernel === undefined ? undefined : await holdFile(beside);
    if (free === undefined && claim.own.kernel !== undefined) {
      delete claim.own.kernel;
      claim.text = JSON.stringify(claim.own);
      return false;
    }
    const placed = await move(beside);
    if (free !== undefined && placed) claim.held.set(file, free);
    else free?.();
    return placed;
  } catch (error) {
    // a release of another's removed the folder in between, as it was empty
    if (error instanceof Failure && hasCode(error.cause, 'ENOENT')) return false;
    throw error;
  } finally {
    await removeFile(beside);
  }
}

async function release({ world, path, text, held }: Claim, file: string): Promise<void> {
  if ((await look(file))?.text === text) await removeFile(file);
  else if (!held.has(file)) return;
  held.get(file)?.();
  held.delete(file);
  const { state } = world.host.folders;
  for (
    let folder = dirname(path);
    folder === state || folder.startsWith(`${state}/`);
    folder = dirname(folder)
  ) {
    if (!(await removeEmptyFolder(folder))) return;
  }
}

/** Removes what died beside a lock that we hold. No guard means anything now: what it guarded is replaced. */
async function sweep(path: string): Promise<void> {
  const names = await listFolder(dirname(path));
  await sweepPartials(path, names);
  for (const name of names.filter((other) => other.startsWith(`${basename(path)}.`))) {
    const file = join(dirname(path), name);
    const found = await look(file);
    const pid = Number(name.split('.').at(-3));
    const alive =
      found?.holder !== undefined
        ? await isAlive(file, found.holder)
        : name.endsWith('.new') && (await processStart(pid)) !== undefined; // only half written yet
    if (!alive) await removeFile(file);
  }
}

/** Removes what killed holders of the lock wrote halfway: an environment's lock is for all files beside it. */
async function sweepPartials(path: string, names: readonly string[]): Promise<void> {
  const start = basename(path) === 'lock' ? '.' : `.${basename(path, '.lock')}.`;
  for (const name of names.filter((other) => other.startsWith(start))) {
    const pid = /\.(\d+)\.[0-9a-f]+\.partial$/.exec(name)?.[1];
    if (pid === undefined || (await processStart(Number(pid))) !== undefined) continue;
    await removeFile(join(dirname(path), name));
  }
}

async function look(file: string): Promise<Found | undefined> {
  const found = await readOwned(file);
  if (found === undefined) return undefined;
  return { text: found.text, holder: holderIn(found.text) };
}

function holderIn(text: string): Holder | undefined {
  return holderSchema.safeParse(parseJson(text).content).data;
}

/**
 * In another container of this kernel, whatever its name, its lock on the file counts. What cannot be looked at from
 * here, on another machine or in a container of an older bai-dev, counts as alive.
 */
async function isAlive(file: string, { machine, pid, started, kernel }: Holder): Promise<boolean> {
  const here = await thisMachine();
  const sameKernel = machine.boot !== '' && machine.boot === here.boot;
  if (!sameKernel && machine.name !== here.name) return true;
  if (machine.boot !== here.boot) return false;
  if (machine.namespace === here.namespace) return (await processStart(pid)) === started;
  return kernel === undefined || ((await isHeld(file)) ?? true);
}

async function waitFor({ until, path }: Claim, holder: Holder): Promise<void> {
  // not all at the same beat, so that many who wait do not meet again and again
  if (performance.now() < until) return sleep(20 + Math.random() * 60);
  const { command, pid, since, machine } = holder;
  throw new Failure(
    'BAI-LOCKED',
    `Another bai-dev is at work: ${command} (process ${pid} on ${machine.name}, since ${since}).`,
    {
      facts: { path, holder },
      next: [
        { purpose: 'wait for its end, or look at it', command: `ps -fp ${pid}` },
        { purpose: `only if ${machine.name} is gone for good`, command: `rm ${JSON.stringify(path)}` },
      ],
    },
  );
}
