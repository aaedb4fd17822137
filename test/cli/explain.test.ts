// Every code is explained.
import { describe, expect, it } from 'vitest';
import { explainCommand } from '../../src/cli/explain.ts';
import { failureMeanings } from '../../src/failure.ts';
import type { World } from '../../src/world.ts';

const terminal = { print: () => true, handOver: () => undefined };

const explain = async (argument: string) =>
  explainCommand.perform({} as World, {
    wishes: {},
    defaults: {},
    argument,
    words: [],
    terminal,
    invocation: 'bai-dev',
  });

describe('explain', () => {
  it.each(Object.entries(failureMeanings))('%s', async (code, meaning) => {
    expect(await explain(code)).toEqual({ command: 'explain', value: { code, ...meaning } });
  });

  it('does not insist on capitals or the prefix', async () => {
    expect(await explain('precheck')).toMatchObject({ value: { code: 'BAI-PRECHECK' } });
  });

  it('suggests what was meant', async () => {
    await expect((async () => explain('BAI-PRECHEK'))()).rejects.toThrow(
      'No failure has the code "BAI-PRECHEK". Did you mean BAI-PRECHECK?',
    );
  });
});
