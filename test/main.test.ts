// From words to an exit status, in memory: each ending in one envelope, nothing written by what is refused.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../src/main.ts';
import { memoryInput } from './cli/input.ts';
import { sandbox, type Sandbox } from './rig/world.ts';

let box: Sandbox;
beforeEach(() => (box = sandbox()));
afterEach(() => box.remove());

interface Envelope {
  readonly command: string;
  readonly ok: boolean;
  readonly failure?: { readonly code: string; readonly exit: number; readonly next: readonly unknown[] };
}

async function run(argv: readonly string[], variables: Record<string, string | undefined> = {}) {
  const memory = memoryInput({
    argv,
    variables: { HOME: box.world.host.home, ...variables },
    cwd: box.folder,
  });
  const exit = await main(memory.input);
  return { exit, stdout: memory.stdout(), stderr: memory.stderr() };
}

describe('help and version', () => {
  it('need no HOME', async () => {
    expect(await run(['--version'], { HOME: undefined })).toEqual({ exit: 0, stdout: '1.2.3\n', stderr: '' });
    expect((await run(['install', '--help'], { HOME: undefined })).exit).toBe(0);
    expect((await run([])).stdout).toContain('Usage: bai-dev');
  });
});

describe('what is refused', () => {
  const cases: [argv: string[], variables: Record<string, string | undefined>, exit: number, code: string][] =
    [
      [['instal'], {}, 2, 'BAI-USAGE'],
      [['install', '--nope'], {}, 2, 'BAI-USAGE'],
      [['install', '-e', 'Bad ID'], {}, 2, 'BAI-USAGE'],
      [['install', 'one', '-e', 'other'], {}, 2, 'BAI-USAGE'],
      [['install', '--postgres-port', '8000', '--redis-port', '8000'], {}, 2, 'BAI-USAGE'],
      [['install', '--release', '99.01'], {}, 2, 'BAI-RELEASE-UNKNOWN'],
      [['install'], { BAI_DEV_PORTS: 'many' }, 2, 'BAI-CONFIG'],
      [['releases'], { HOME: undefined }, 2, 'BAI-CONFIG'],
      [['releases'], { HOME: 'relative' }, 2, 'BAI-CONFIG'],
      [['delete'], { BAI_DEV_ENVIRONMENT: 'dev' }, 2, 'BAI-USAGE'],
      [['guide', 'nobody'], {}, 4, 'BAI-ENVIRONMENT-ABSENT'],
      [['delete', 'nobody', '--yes'], {}, 4, 'BAI-ENVIRONMENT-ABSENT'],
      [['explain', 'nonsense'], {}, 2, 'BAI-USAGE'],
    ];

  it.each(cases)('%j with %j ends with %i %s', async (argv, variables, exit, code) => {
    const plain = await run(argv, variables);
    expect(plain.exit).toBe(exit);
    expect(plain.stdout).toBe('');
    expect(plain.stderr).toContain(code);
    expect(plain.stderr).not.toMatch(/\bat .*\.ts:\d+/);

    const json = await run([...argv, '--json'], variables);
    expect(json.exit).toBe(exit);
    expect(json.stderr).toBe('');
    const last = JSON.parse(json.stdout.trimEnd().split('\n').at(-1) ?? '') as Envelope;
    expect(last).toMatchObject({ schema: 1, ok: false, failure: { code, exit } });
    expect(last.command).toBe(argv[0] === 'instal' ? '' : argv[0]);
    expect(last.failure?.next.length).toBeGreaterThan(0);
    for (const folder of Object.values(box.world.host.folders)) expect(existsSync(folder)).toBe(false);
  });

  it('cannot steer the terminal by the words that it is told in', async () => {
    const { exit, stderr } = await run(['explain', '\u001b]0;title\u0007\u001b[2Jnonsense\u0000']);
    expect(exit).toBe(2);
    expect(stderr).toContain('nonsense');
    expect(stderr).not.toMatch(/[^\P{Cc}\n]/u);
  });
});

describe('the config file', () => {
  const config = (text: string): void => {
    const { config: folder } = box.world.host.folders;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'config.yaml'), text);
  };

  it('may ask for JSON', async () => {
    config('json: true\n');
    const { exit, stdout } = await run(['releases']);
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, command: 'releases', ok: true });
  });

  it('stops a command when it is broken, but not the one that explains why', async () => {
    config('relase: 21.09\n');
    expect((await run(['releases'])).exit).toBe(2);
    expect((await run(['explain', 'BAI-CONFIG'])).exit).toBe(0);
  });

  it('cannot agree to a delete', async () => {
    config('yes: true\nenvironment: dev\n');
    const { exit, stderr } = await run(['delete']);
    expect(exit).toBe(2);
    expect(stderr).toContain('needs the ID of an environment');
  });
});

describe('an ending from outside', () => {
  it('that nothing caught is our mistake', async () => {
    const memory = memoryInput({
      argv: ['releases', '--json'],
      variables: { HOME: box.world.host.home },
    });
    memory.end(new TypeError('lost'));
    expect(await main(memory.input)).toBe(1);
    const envelope = JSON.parse(memory.stdout()) as Envelope;
    expect(envelope.failure?.code).toBe('BAI-INTERNAL');
    expect(memory.stdout()).not.toContain('.ts:');
  });
});
