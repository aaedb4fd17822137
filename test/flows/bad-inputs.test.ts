// What people get wrong, one file each in bad-inputs/: the right exit status, one sentence that names what is
// wrong, nothing written and no stack trace.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { difference, snapshot } from '../rig/inventory.ts';
import { buildProgram, freshHome, run, type Program } from '../rig/program.ts';
import { repository } from '../rig/world.ts';

const badInput = z.strictObject({
  about: z.string(),
  /** `{home}` becomes the path of the home folder. */
  args: z.array(z.string()),
  /** null takes one away. */
  variables: z.record(z.string(), z.string().nullable()).default({}),
  /** Files that lie in the home folder beforehand. */
  files: z.record(z.string(), z.string()).default({}),
  exit: z.int(),
  code: z.string(),
  /** A regular expression for the reason. */
  says: z.string(),
});

const folder = join(repository, 'test/flows/bad-inputs');
const inputs = readdirSync(folder)
  .sort()
  .map((file) => ({ file, ...badInput.parse(parse(readFileSync(join(folder, file), 'utf8'))) }));

let program: Program;

beforeAll(() => {
  program = buildProgram();
});

afterAll(() => {
  program.remove();
});

describe('bad inputs', () => {
  it.each(inputs)('$file: $about', async (input) => {
    const home = freshHome();
    try {
      for (const [path, text] of Object.entries(input.files)) {
        mkdirSync(dirname(join(home.home, path)), { recursive: true });
        writeFileSync(join(home.home, path), text);
      }
      const args = input.args.map((arg) => arg.replaceAll('{home}', home.home));
      const variables = Object.fromEntries(
        Object.entries(input.variables).map(([name, value]) => [name, value ?? undefined]),
      );
      const before = snapshot(home.folder, { times: true });
      const told = await run({ program, home, args, variables });
      // an option at the end may be the one that lacks its value
      const [command = '', ...rest] = args;
      const machine = await run({ program, home, args: [command, '--json', ...rest], variables });

      expect(machine.envelope?.failure, machine.stderr).toMatchObject({ code: input.code });
      expect(machine.envelope?.failure?.reason).toMatch(new RegExp(input.says, 's'));
      expect(machine.exit).toBe(input.exit);
      expect(told.exit).toBe(input.exit);
      // findings of the machine have a screen of their own
      expect(told.stderr).toContain(input.code === 'BAI-PRECHECK' ? 'Nothing has been written.' : input.code);
      expect(told.stderr).not.toMatch(/^\(node:/m);
      expect(told.stdout).toBe('');
      for (const text of [told.stderr, machine.stdout, machine.stderr])
        expect(text).not.toMatch(/^\s+at .*:\d+:\d+/m);
      expect(difference(before, snapshot(home.folder, { times: true }))).toEqual([]);
    } finally {
      home.remove();
    }
  });
});
