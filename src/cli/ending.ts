// What an error means for whoever typed the command: facts, and always something to do next.
import { constants } from 'node:os';
import { Failure, failureMeanings, type NextCommand } from '../failure.ts';
import type { FailureFacts } from '../report/events.ts';
import { dataWithoutCredentials } from '../credentials.ts';
import { spelled, completed, proposal, withOption, type CommandLine } from './again.ts';

/** What is known of the run that an error ended. */
export interface Ended {
  readonly command: string;
  readonly argv: readonly string[];
  /** The command line, if it was understood. */
  readonly commandLine?: CommandLine;
  readonly version: string;
  readonly node: string;
  readonly reportAt?: string;
  readonly log: string | undefined;
}

/** Any error as a failure; one that is none is a mistake of ours. */
export function factsOf(error: unknown, ended: Ended): FailureFacts {
  const failure = error instanceof Failure ? error : internal(error, ended);
  const { code, message, exit, more } = failure;
  const log = more.log ?? ended.log;
  const next = more.next !== undefined && more.next.length > 0 ? more.next : [nextFor(failure, ended)];
  const facts = dataWithoutCredentials({
    code,
    reason: message,
    exit,
    retryable: failureMeanings[code].retryable,
    lines: more.lines ?? [],
    facts: more.facts ?? {},
    ...(more.step === undefined ? {} : { step: more.step }),
    ...(log === undefined ? {} : { log }),
  });
  const commands = next.map((one) => completed(one, ended.commandLine));
  // several findings may have the same way out
  return { ...facts, next: [...new Map(commands.map((one) => [one.command, one])).values()] };
}

/** What a signal means; `id` is the environment that was worked on. */
export function interruption(
  signal: NodeJS.Signals,
  argv: readonly string[],
  id: string | undefined,
): Failure {
  const words = ['bai-dev', ...argv];
  const named = id === undefined || argv.includes(id);
  return new Failure('BAI-INTERRUPTED', `The command was interrupted by ${signal}.`, {
    exit: 128 + constants.signals[signal],
    next: [proposal('continue', spelled(named ? words : [...words, '-e', id]))],
    facts: { signal },
  });
}

export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

function nextFor({ code }: Failure, { command, argv }: Ended): NextCommand {
  if (code === 'BAI-USAGE') {
    return {
      purpose: 'see what there is',
      command: spelled(['bai-dev', ...(command === '' ? [] : [command]), '--help']),
    };
  }
  if (code === 'BAI-INTERRUPTED') return { purpose: 'again', command: spelled(['bai-dev', ...argv]) };
  return { purpose: 'what this means', command: `bai-dev explain ${code}` };
}

function internal(error: unknown, { version, node, argv, reportAt }: Ended): Failure {
  const { message } = asError(error);
  return new Failure('BAI-INTERNAL', `This is a mistake of bai-dev ${version} on Node ${node}: ${message}`, {
    cause: error,
    next: [
      { purpose: 'see where', command: spelled(['bai-dev', ...withOption(argv, '--verbose')]) },
      ...(reportAt === undefined ? [] : [{ purpose: 'report it, with the log', command: reportAt }]),
    ],
  });
}
