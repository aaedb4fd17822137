// Questions at the terminal, on stderr, so that stdout holds results only.
import { constants } from 'node:os';
import { Failure } from '../failure.ts';
import type { Ask } from '../world.ts';

export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal;
  /** Around each question, so that a live view does not write into it. */
  readonly pause: () => void;
  readonly resume: () => void;
}

/** Asks a person. Ctrl-C ends the question with `BAI-INTERRUPTED`. */
export function terminalAsk({ stdin, stderr, signal, pause, resume }: Terminal): Ask {
  const context = { input: stdin, output: stderr, signal };
  const asked = async <T>(
    question: (prompts: typeof import('@inquirer/prompts')) => Promise<T>,
  ): Promise<T> => {
    signal.throwIfAborted();
    pause();
    try {
      return await question(await import('@inquirer/prompts'));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Error && error.name === 'ExitPromptError') throw interrupted(error);
      throw error;
    } finally {
      resume();
    }
  };
  return {
    available: true,
    text: ({ message, initial, check }) =>
      asked(({ input }) =>
        input(
          {
            message,
            ...(initial === undefined ? {} : { default: initial }),
            ...(check === undefined ? {} : { validate: check }),
          },
          context,
        ),
      ),
    choose: ({ message, choices, initial }) =>
      asked(({ select }) =>
        select(
          {
            message,
            choices: choices.map(({ value, name, hint }) => ({
              value,
              name,
              ...(hint === undefined ? {} : { description: hint }),
            })),
            ...(initial === undefined ? {} : { default: initial }),
          },
          context,
        ),
      ),
    confirm: ({ message, initial }) =>
      asked(({ confirm }) => confirm({ message, default: initial }, context)),
    secret: ({ message }) => asked(({ password }) => password({ message }, context)),
  };
}

/** Where nobody can be asked, a question is an error. */
export const noAsk: Ask = {
  available: false,
  text: ({ message }) => refuse(message),
  choose: ({ message }) => refuse(message),
  confirm: ({ message }) => refuse(message),
  secret: ({ message }) => refuse(message),
};

function refuse(message: string): Promise<never> {
  return Promise.reject(
    new Failure('BAI-QUESTION', `"${message}" needs an answer, and there is no terminal to ask on.`),
  );
}

const interrupted = (cause: Error): Failure =>
  new Failure('BAI-INTERRUPTED', 'The question was left without an answer. Nothing has been written.', {
    cause,
    exit: 128 + constants.signals.SIGINT,
  });
