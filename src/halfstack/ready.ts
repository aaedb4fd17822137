// Waits until all servers of a halfstack answer from outside, each by its own protocol.
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import { notYet, type Answer } from './answer.ts';
import type { Endpoints, ServiceRole } from './engine.ts';
import { probeEtcd } from './etcd.ts';
import { probePostgres } from './postgres.ts';
import { pingRedis } from './redis.ts';

/** What the engine knows of a server that does not answer. */
export interface Trouble {
  /** A few words. */
  readonly reason: string;
  /** It will not answer any more without somebody's doing. */
  readonly final: boolean;
}

export interface Waiting {
  readonly endpoints: Endpoints;
  readonly roles: readonly ServiceRole[];
  /** Seconds for all together. */
  readonly limit: number;
  readonly signal: AbortSignal;
  /** Called when a server answers for the first time. */
  readonly onAnswer: (role: ServiceRole) => void;
  /** Asked now and then while a server does not answer. */
  readonly trouble: (role: ServiceRole) => Promise<Trouble | undefined>;
  /** The last lines that a server wrote. */
  readonly lastLines: (role: ServiceRole) => Promise<readonly string[]>;
}

/**
 * Milliseconds after which a question counts as lost, at first; each lost one doubles it. A network that is just being
 * made swallows the first packet, and waiting for an answer then takes longer than all the rest.
 */
const firstPatience = 400;

/** Milliseconds between two questions to a server, and to its engine. */
const pause = 25;
const troublePause = 1000;

/** Asks one server once. Rejects only when the signal is aborted. */
export function probeService(endpoints: Endpoints, role: ServiceRole, signal: AbortSignal): Promise<Answer> {
  switch (role) {
    case 'postgres':
      return probePostgres(endpoints.postgres, signal);
    case 'redis':
      return pingRedis(endpoints.redis, signal);
    case 'etcd':
      return probeEtcd(endpoints.etcd, signal);
  }
}

/**
 * Returns when every server answers. Throws `BAI-UNHEALTHY` with the reason and last lines of the first that
 * never will, or of one that did not within the limit.
 */
export async function waitUntilAnswering(waiting: Waiting): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([waiting.signal, failed.signal]);
  const ends = await Promise.allSettled(
    waiting.roles.map(async (role) => {
      try {
        await waitForOne(role, waiting, signal);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }),
  );
  waiting.signal.throwIfAborted();
  // the others were only stopped by the first failure, which is the reason of the abort
  if (failed.signal.aborted) throw failed.signal.reason;
  const rejected = ends.find((end) => end.status === 'rejected');
  if (rejected !== undefined) throw rejected.reason;
}

const late = notYet('it takes long to answer');

/** The answer, or `late` after so many milliseconds; the question itself goes on to its own end. */
async function within(patience: number, question: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<Answer>((resolve) => {
    timer = setTimeout(resolve, patience, late);
  });
  // nobody hears of a failure after that
  question.catch(() => undefined);
  try {
    return await Promise.race([question, waited]);
  } finally {
    clearTimeout(timer);
  }
}

async function waitForOne(role: ServiceRole, waiting: Waiting, signal: AbortSignal): Promise<void> {
  const end = performance.now() + waiting.limit * 1000;
  let look = performance.now() + troublePause;
  let answer: Answer = notYet('nothing was asked yet');
  let trouble: Trouble | undefined;
  let patience = firstPatience;
  while (performance.now() < end) {
    answer = await within(patience, probeService(waiting.endpoints, role, signal));
    if (answer === late) patience *= 2;
    if (answer.ready) {
      waiting.onAnswer(role);
      return;
    }
    if (answer.final) break;
    if (performance.now() >= look) {
      trouble = await waiting.trouble(role);
      if (trouble?.final === true) break;
      look = performance.now() + troublePause;
    }
    await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  const final = answer.ready || answer.final || trouble?.final === true;
  const reasons = [trouble?.reason, answer.ready ? undefined : answer.reason].filter(
    (one) => one !== undefined,
  );
  const verdict = final ? 'is not well' : `did not answer within ${waiting.limit} s`;
  throw new Failure('BAI-UNHEALTHY', `The halfstack's ${role} ${verdict}: ${reasons.join('; ')}.`, {
    facts: { service: role },
    lines: await waiting.lastLines(role),
  });
}
