// Ends daemons with everything that they started, gently first.
import type { EnvironmentRecord } from '../environment/record.ts';
import { Failure } from '../failure.ts';
import type { Relative } from '../host/family.ts';
import { signalLiving, waitForEnd } from '../host/living.ts';
import { runningDaemons, type Owner, type Running } from './running.ts';

/** Seconds that a daemon has after SIGTERM; each needs two to three (facts 13.8). */
const grace = 10;
/** Seconds for what a main process leaves behind: the agent's workers may ignore SIGTERM (facts 14.5, 9). */
const graceForOrphans = 2;
/** Seconds until a process counts as one that cannot be ended. */
const graceForKilled = 5;

/**
 * Ends daemons side by side, and returns the names of those of which something ran. Nothing of theirs is left
 * then; twice is once. Throws `BAI-LEFTOVERS` for a process that not even SIGKILL ends.
 */
export async function stopDaemons(
  owner: Owner,
  record: EnvironmentRecord,
  names: readonly string[],
): Promise<string[]> {
  const look = async (): Promise<Running[]> => [...(await runningDaemons(owner, record, names)).values()];
  const before = await runningDaemons(owner, record, names);
  // a main process tells its workers itself: a second signal would cut short what they do at their end
  await endAll([...before.values()].flatMap(mainOnly), 'SIGTERM', grace);
  await endAll((await look()).flatMap(wholeFamily), 'SIGTERM', graceForOrphans);
  // in rounds, as a child may be born between a look and the signal
  for (let round = 0; round < 3; round += 1) {
    await endAll((await look()).flatMap(wholeFamily), 'SIGKILL', graceForKilled);
  }
  const [stubborn] = (await look()).flatMap(wholeFamily);
  if (stubborn !== undefined) {
    throw new Failure('BAI-LEFTOVERS', `Process ${stubborn.pid} of ${record.spec.id} cannot be ended.`, {
      facts: { pid: stubborn.pid },
      next: [{ purpose: 'look at it', command: `ps -fp ${stubborn.pid}` }],
    });
  }
  return names.filter((name) => before.has(name));
}

async function endAll(
  processes: readonly Relative[],
  signal: NodeJS.Signals,
  seconds: number,
): Promise<void> {
  await Promise.all(processes.map((one) => signalLiving(one, signal)));
  await waitForEnd(processes, seconds);
}

const wholeFamily = ({ family }: Running): readonly Relative[] => family;

const mainOnly = ({ main, family }: Running): readonly Relative[] =>
  family.filter(({ pid }) => pid === main?.pid);
