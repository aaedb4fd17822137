// The name of an environment: what may be one, and one made up at random.
import { adjectives, nouns } from './id-words.ts';
import { Failure } from '../failure.ts';

/** A checked ID; only `parseId` and `randomId` make one. */
export type EnvironmentId = string & { readonly __brand: 'EnvironmentId' };

const pattern = /^[a-z0-9][a-z0-9_-]{0,31}$/;

/**
 * Names that would be ambiguous where an ID and a component or service are both accepted
 * (`bai-dev restart dev2109 manager`).
 */
const reserved = new Set([
  ...['manager', 'agent', 'common', 'storage-proxy', 'webserver', 'client-py', 'client', 'accel-cuda'],
  ...['watcher', 'wsproxy', 'postgres', 'redis', 'etcd', 'halfstack', 'all'],
]);

/** The text as an ID, or a `BAI-USAGE` that says what an ID is. */
export function parseId(text: string): EnvironmentId {
  if (!pattern.test(text)) {
    throw new Failure(
      'BAI-USAGE',
      `${JSON.stringify(text)} is not an environment ID: 1 to 32 lower-case letters, digits, "-" or "_", beginning with a letter or digit.`,
      { next: [{ purpose: 'for example', command: 'bai-dev install -e dev2109' }] },
    );
  }
  if (!isId(text)) {
    throw new Failure(
      'BAI-USAGE',
      `"${text}" is the name of a part of Backend.AI and cannot be an environment ID.`,
      {
        next: [{ purpose: 'for example', command: 'bai-dev install -e dev2109' }],
      },
    );
  }
  return text as EnvironmentId;
}

/** True for a text that `parseId` takes. */
export const isId = (text: string): boolean => pattern.test(text) && !reserved.has(text);

/** True for the name of a part of Backend.AI, which is never an ID. */
export const isPart = (text: string): boolean => reserved.has(text);

/** Two words that can be said and remembered, as in `calm-otter`. */
export function randomId(random: (n: number) => string): EnvironmentId {
  const pick = (words: readonly string[]): string => {
    const word = words[Number.parseInt(random(4), 16) % words.length];
    if (word === undefined) throw new Error('an ID needs a random number');
    return word;
  };
  return `${pick(adjectives)}-${pick(nouns)}` as EnvironmentId;
}
