// Every code is explained.
import { describe, expect, it } from 'vitest';
import { explainCommand } from '../../src/cli/explain.ts';
import { commands } from '../../src/cli/program.ts';
import { failureMeanings } from '../../src/failure.ts';
import type { Explanation } from '../../src/report/results.ts';
import type { World } from '../../src/world.ts';

const terminal = { print: () => true, handOver: () => undefined };

const explain = async (argument: string | undefined) =>
  explainCommand.perform({} as World, {
    wishes: {},
    defaults: {},
    ...(argument === undefined ? {} : { argument }),
    words: [],
    terminal,
    invocation: 'bai-dev',
  });

describe('explain', () => {
  it.each(Object.entries(failureMeanings))('%s', async (code, meaning) => {
    const { value } = (await explain(code)) as { value: Explanation };
    expect(value).toMatchObject({ code, ...meaning });
    const sentences = value.explanation.split(/(?<=[.:])\s+(?=[A-Z"\d-])/);
    expect(sentences.length, value.explanation).toBeGreaterThanOrEqual(2);
    for (const [, command = ''] of value.explanation.matchAll(/"bai-dev ([a-z]+)/g)) {
      expect(commands.map(({ name }) => name)).toContain(command);
    }
  });

  it('does not insist on capitals or the prefix', async () => {
    expect(await explain('precheck')).toMatchObject({ value: { code: 'BAI-PRECHECK' } });
  });

  it('lists every code without one', async () => {
    const { value } = (await explain(undefined)) as { value: readonly Explanation[] };
    expect(value.map(({ code }) => code)).toEqual(Object.keys(failureMeanings));
  });

  it('suggests what was meant', async () => {
    await expect((async () => explain('BAI-PRECHEK'))()).rejects.toThrow(
      'No failure has the code "BAI-PRECHEK". Did you mean BAI-PRECHECK?',
    );
  });
});
