// bai-dev explain: what a failure's code stands for. Works also when nothing else does.
import { Failure, failureMeanings, type FailureCode } from '../failure.ts';
import type { Command } from './command.ts';
import { suggestion } from '../operations/nearest.ts';

export const explainCommand: Command = {
  name: 'explain',
  group: 'Know',
  about: 'what the code of a failure means',
  argument: { name: 'code', about: 'as in BAI-PRECHECK', required: true },
  options: ['json', 'verbose', 'no-color'],
  readsConfig: false,
  examples: ['bai-dev explain BAI-PRECHECK'],
  perform(_world, { argument = '' }) {
    return Promise.resolve({ command: 'explain', value: explanationOf(argument) });
  },
};

function explanationOf(written: string) {
  const upper = written.toUpperCase();
  const wanted = upper.startsWith('BAI-') ? upper : `BAI-${upper}`;
  const codes = Object.keys(failureMeanings) as FailureCode[];
  const code = codes.find((known) => known === wanted);
  if (code === undefined) {
    throw new Failure(
      'BAI-USAGE',
      `No failure has the code ${JSON.stringify(written)}.${suggestion(wanted, codes)}`,
      { facts: { codes } },
    );
  }
  return { code, ...failureMeanings[code] };
}
