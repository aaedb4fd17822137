// bai-dev explain: what a failure's code stands for. Works also when nothing else does.
import { explanations } from './explanations.ts';
import { Failure, failureMeanings, type FailureCode } from '../failure.ts';
import type { Command } from './command.ts';
import type { Explanation } from '../report/results.ts';
import { suggestion } from '../operations/nearest.ts';

export const explainCommand: Command = {
  name: 'explain',
  group: 'Know',
  about: 'Explain an error code, or list them all',
  argument: { name: 'code', about: 'As in BAI-PRECHECK (default: list all codes)' },
  options: ['json', 'verbose', 'no-color'],
  readsConfig: false,
  examples: ['bai-dev explain', 'bai-dev explain BAI-PRECHECK'],
  perform(_world, { argument }) {
    const value = argument === undefined ? codes.map(meaningOf) : explanationOf(argument);
    return Promise.resolve({ command: 'explain', value });
  },
};

const codes = Object.keys(failureMeanings) as FailureCode[];

const meaningOf = (code: FailureCode): Explanation => ({
  code,
  ...failureMeanings[code],
  explanation: explanations[code],
});

function explanationOf(written: string): Explanation {
  const upper = written.toUpperCase();
  const wanted = upper.startsWith('BAI-') ? upper : `BAI-${upper}`;
  const code = codes.find((known) => known === wanted);
  if (code === undefined) {
    throw new Failure(
      'BAI-USAGE',
      `No failure has the code ${JSON.stringify(written)}.${suggestion(wanted, codes)}`,
      { facts: { codes }, next: [{ purpose: 'list all codes', command: 'bai-dev explain' }] },
    );
  }
  return meaningOf(code);
}
