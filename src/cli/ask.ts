// Questions at the terminal, on stderr, so that stdout holds results only.
import { constants } from 'node:os';
import type { DistinctQuestion } from 'inquirer';
import { Failure } from '../failure.ts';
import type { Ask } from '../world.ts';

/** Questions are asked one at a time: each has the one name. */
const name = 'answer';
interface Answer {
  readonly answer: unknown;
}

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
  const asked = async (question: DistinctQuestion<Answer>): Promise<unknown> => {
    signal.throwIfAborted();
    pause();
    try {
      const { createPromptModule } = (await import('inquirer')).default;
      const prompt = createPromptModule({ input: stdin, output: stderr, signal });
      const { answer } = await prompt<Answer>(question);
      return answer;
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
    text: async ({ message, initial, check }) =>
      String(
        await asked({
          name,
          type: 'input',
          message,
          ...(initial === undefined ? {} : { default: initial }),
          ...(check === undefined ? {} : { validate: check }),
        }),
      ),
    choose: async <T extends string>({ message, choices, initial }: Choice<T>) => {
      const listed = choices.map(({ value, name: shown, hint }) => ({
        value,
        name: shown,
        ...(hint && { description: hint }),
      }));
      const answer = await asked({
        name,
        type: 'select',
        message,
        choices: listed,
        ...(initial && { default: initial }),
      });
      const chosen = choices.find(({ value }) => value === answer);
      if (chosen === undefined) throw new Error('an answer is none of the choices');
      return chosen.value;
    },
    confirm: async ({ message, initial }) =>
      (await asked({ name, type: 'confirm', message, default: initial })) === true,
    secret: async ({ message }) => String(await asked({ name, type: 'password', message })),
  };
}

type Choice<T extends string> = Parameters<typeof noAsk.choose<T>>[0];

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
  new Failure('BAI-INTERRUPTED', 'Cancelled. Nothing has been changed.', {
    cause,
    exit: 128 + constants.signals.SIGINT,
  });
