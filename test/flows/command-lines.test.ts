// Command lines and variables of any kind: understood, or a failure of the table that is the user's to mend.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { completed } from '../../src/cli/again.ts';
import { factsOf } from '../../src/cli/ending.ts';
import { optionNames, variableOf } from '../../src/cli/options.ts';
import { commands, parse } from '../../src/cli/program.ts';
import { readSettings } from '../../src/cli/settings.ts';
import { Failure } from '../../src/failure.ts';
import { fuzz, fuzzTimeout } from '../rig/fuzz.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
beforeAll(() => void (box = sandbox()));
afterAll(() => box.remove());

const word = fc.oneof(
  fc.constantFrom(
    'dev2109',
    '-e',
    '--',
    '-',
    '--json',
    'manager',
    'agent=pypi',
    '21.09',
    '%zz',
    '\0',
    '__proto__',
  ),
  fc.constantFrom(
    'http://%zz:%zz@h/simple',
    'https://u:secret@h',
    'http://[',
    '999999',
    '-1',
    '~',
    '~/x',
    "'",
  ),
  fc.constantFrom(...optionNames.map((name) => `--${name}`)),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const line = fc.tuple(
  fc.oneof(fc.constantFrom(...commands.map(({ name }) => name as string)), word),
  fc.array(word, { maxLength: 6 }),
);
const variables = fc.dictionary(fc.constantFrom(...optionNames.map(variableOf)), word, { maxKeys: 3 });

it(
  'never ends in BAI-INTERNAL, and every hint is complete and without credentials',
  async () => {
    await fuzz('command lines', fc.tuple(line, variables), async ([[first, rest], said]) => {
      const argv = [first, ...rest];
      const about = { argv, command: first, version: '1', node: 'v20', log: undefined };
      try {
        const parsed = parse(argv, { version: '1', width: 80 });
        if (parsed.kind !== 'call') return;
        const hint = { purpose: 'again', command: `bai-dev ${parsed.command.name} -e other` };
        expect(completed(hint, parsed).command).not.toContain('secret@');
        const host = { ...box.world.host, variables: { ...box.world.host.variables, ...said } };
        const names = parsed.command.options;
        await readSettings(host, parsed.typed, { variables: names, readsConfig: false });
      } catch (error) {
        expect(error).toBeInstanceOf(Failure);
        const facts = factsOf(error, about);
        expect(facts.code).toMatch(/^BAI-(USAGE|CONFIG)$/);
        expect(facts.exit).toBe(2);
        expect(JSON.stringify(facts)).not.toMatch(/secret@|\bat .*\.ts:\d/);
      }
    });
  },
  fuzzTimeout,
);
