// Brings back what ran before a switch whose target did not get well, and tells how both went.
import { daemonsOf } from '../daemons/daemon.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import {
  endSwitch,
  writeSwitch,
  type RunningEnvironment,
  type SwitchJournal,
} from '../environment/switching.ts';
import { Failure, type NextCommand } from '../failure.ts';
import type { World } from '../world.ts';
import { startUnderLock } from './start.ts';
import { stopUnderLock } from './stop.ts';
import { toldAs } from './told.ts';

export interface Undoing {
  readonly journal: SwitchJournal;
  /** The target's. */
  readonly record: EnvironmentRecord;
  /** Of all that ran before, as far as there are any. */
  readonly records: ReadonlyMap<string, EnvironmentRecord>;
  /** Why the target did not get well. */
  readonly error: unknown;
  /** Seconds that each daemon has to get ready. */
  readonly limit: number;
}

/**
 * The target is stopped but for what ran of it before, then the others are started as they were. Under the locks of
 * them all. The journal stays if that does not succeed. Gives the failure to end with.
 */
export async function undo(world: World, undoing: Undoing): Promise<Failure> {
  const { journal, records, error } = undoing;
  await writeSwitch(world.host, { ...journal, stage: 'undoing' });
  const own = await attempt(journal.target, world, () => stopTarget(world, undoing));
  const others: Outcome[] = [];
  for (const before of journal.before.filter(({ id }) => id !== journal.target)) {
    const record = records.get(before.id);
    if (record === undefined) continue;
    others.push(await attempt(before.id, world, () => startAgain(world, { before, record, undoing })));
  }
  const failed = [own, ...others].filter(({ reason }) => reason !== undefined);
  if (failed.length === 0) await endSwitch(world.host);
  return failureOf(journal.target, error, { own, others, failed });
}

/** How an environment was brought back; without a reason it was. */
interface Outcome {
  readonly id: string;
  readonly reason?: string;
}

async function attempt(id: string, world: World, work: () => Promise<unknown>): Promise<Outcome> {
  try {
    await work();
    return { id };
  } catch (error) {
    world.signal.throwIfAborted();
    return { id, reason: messageOf(error) };
  }
}

async function stopTarget(world: World, { journal, record }: Undoing): Promise<void> {
  const { id } = record.spec;
  const ran = journal.before.find((one) => one.id === id);
  await stopUnderLock(toldAs(world, id, `Stop ${id}`), record, {
    daemons: daemonsOf(world.host, record.spec).filter(({ name }) => ran?.daemons.includes(name) !== true),
    halfstack: ran?.halfstack !== true,
  });
}

interface Again {
  readonly before: RunningEnvironment;
  readonly record: EnvironmentRecord;
  readonly undoing: Undoing;
}

async function startAgain(world: World, { before, record, undoing }: Again): Promise<void> {
  const { id, daemons } = before;
  await startUnderLock(toldAs(world, id, `Start ${id} again`), record, {
    ...{ id, tmux: false, limit: undoing.limit },
    // as it was, also if that was forced
    force: true,
    ...(daemons.length === 0 ? { halfstackOnly: true } : { halfstackOnly: false, only: daemons }),
  });
}

function failureOf(
  id: string,
  error: unknown,
  { own, others, failed }: { own: Outcome; others: readonly Outcome[]; failed: readonly Outcome[] },
): Failure {
  const back = others.filter(({ reason }) => reason === undefined).map((one) => one.id);
  const outcomes = [
    own.reason === undefined
      ? `${id} is as it was before`
      : `${id} could not be stopped again: ${own.reason}`,
    ...(back.length === 0 ? [] : [`${back.join(' and ')} ${back.length === 1 ? 'runs' : 'run'} again`]),
    ...others.flatMap((one) =>
      one.reason === undefined ? [] : [`${one.id} could not be started again: ${one.reason}`],
    ),
  ];
  const more = error instanceof Failure ? error.more : {};
  const next: NextCommand[] = [
    ...(more.next ?? []),
    ...failed.map((one) => ({
      purpose: one.id === id ? `stop ${id}` : `start ${one.id} again`,
      command: one.id === id ? `bai-dev stop ${id}` : `bai-dev switch ${one.id}`,
    })),
    { purpose: 'look', command: 'bai-dev list' },
  ];
  const told = outcomes.map((one) => one.replace(/\.?$/, '.')).join(' ');
  return new Failure('BAI-SWITCH', `${id} did not get well: ${messageOf(error)} ${told}`, {
    ...more,
    cause: error,
    next,
    ...(more.step === undefined ? {} : { step: { ...more.step, group: `Start ${id}` } }),
    facts: {
      ...more.facts,
      target: { id, reason: messageOf(error), ...(error instanceof Failure ? { code: error.code } : {}) },
      before: others.map((one) => ({ ...one, runs: one.reason === undefined })),
    },
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
