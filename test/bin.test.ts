// The edge of the program as a process: what it loads, how it hears signals, streams that are gone.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { endAll, onTerminal } from './report/terminal.ts';
import { buildProgram, type Program } from './rig/program.ts';
import { repository } from './rig/world.ts';

let built: Program;
let program: string[];
let home: string;
let silent: Server;
beforeAll(async () => {
  built = buildProgram();
  program = [built.bin];
  home = mkdtempSync(join(tmpdir(), 'bai-dev-bin-'));
  // takes every question and answers none: what asks it hangs
  silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});
afterEach(endAll);
afterAll(() => {
  silent.closeAllConnections();
  silent.close();
  rmSync(home, { recursive: true, force: true });
  built.remove();
});

const variables = (more: Record<string, string> = {}): Record<string, string> => ({
  PATH: `${process.env['PATH'] ?? ''}:${built.path}`,
  HOME: home,
  // nobody waits for repositories here
  BAI_DEV_SOURCE: 'pypi',
  ...more,
});

/** Hangs in the prechecks, at the index. */
const hanging = (): string[] => {
  const { port } = silent.address() as AddressInfo;
  return ['install', '-e', 'held', '--index', `http://127.0.0.1:${port}/simple`];
};

it('does not end without a word when nothing is left that could settle what it waits for', () => {
  const never = [
    "import files from 'node:fs/promises';",
    "import { syncBuiltinESMExports } from 'node:module';",
    'files.readdir = () => new Promise(() => undefined);',
    'syncBuiltinESMExports();',
  ].join('');
  const { status, stderr } = spawnSync(process.execPath, [...program, 'list'], {
    env: variables({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(never)}` }),
    cwd: home,
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(status, stderr).toBe(1);
  expect(stderr).toContain('BAI-INTERNAL');
  expect(stderr).toContain('never came');
});

describe('--help and --version', () => {
  it.each([['--help'], ['--version'], ['install', '--help']])(
    '%s loads the parser and nothing else',
    (...argv) => {
      const folder = mkdtempSync(join(tmpdir(), 'bai-dev-coverage-'));
      const { status } = spawnSync(process.execPath, [...program, ...argv], {
        env: variables({ NODE_V8_COVERAGE: folder }),
        cwd: repository,
      });
      const [report = ''] = readdirSync(folder);
      const { result } = JSON.parse(readFileSync(join(folder, report), 'utf8')) as {
        result: { url: string }[];
      };
      rmSync(folder, { recursive: true });
      expect(status).toBe(0);
      const loaded = result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
      expect(loaded.length).toBeGreaterThan(0);
      // the bundler names the file that each part came from
      const parts = loaded.flatMap(
        (url) => readFileSync(new URL(url), 'utf8').match(/^\/\/ (node_modules|src)\/.*$/gm) ?? [],
      );
      const packages = parts.flatMap((part) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(part)?.[1] ?? []);
      expect([...new Set(packages)]).toEqual(['commander']);
      // how the user calls bai-dev is looked up in PATH; variables are cleaned before any library is loaded
      const others = parts.filter((part) => !/src\/host\/(path|variables)\.ts$/.test(part));
      const rooms = others.flatMap((part) => /src\/([a-z]+)\//.exec(part)?.[1] ?? []);
      expect(rooms).toContain('cli');
      expect(rooms.filter((room) => ['host', 'release', 'steps', 'docker'].includes(room))).toEqual([]);
    },
  );
});

describe('signals', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s ends with %i and names the command that continues', async (signal, exit) => {
    const child = spawn(process.execPath, [...program, ...hanging(), '--json'], {
      env: variables(),
      cwd: repository,
    });
    let stdout = '';
    let sent = false;
    child.stdout.on('data', (piece: Buffer) => {
      stdout += piece.toString();
      // a second one would end it without a word
      if (!sent && stdout.includes('"environment"')) sent = child.kill(signal);
    });
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(status).toBe(exit);
    const envelope = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { failure: object };
    expect(envelope.failure).toMatchObject({
      code: 'BAI-INTERRUPTED',
      exit,
      next: [{ command: `bai-dev ${hanging().join(' ')} --json` }],
    });
  });

  it('Ctrl-C works while the live view spins, and the cursor comes back', async () => {
    const shown = onTerminal([...program, ...hanging(), '--yes'], { env: variables(), cwd: repository });
    await shown.until(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Machine/);
    shown.type('\u0003');
    const { exitCode, screen } = await shown.ended;
    expect(exitCode).toBe(130);
    expect(screen.join('\n')).toMatch(/✖ bai-dev install +BAI-INTERRUPTED/);
    expect(shown.cursor()).toBe('shown');
  });
});

describe('a terminal that says it has no columns', () => {
  it('is taken for one of 80, and does not spin for ever', async () => {
    const shown = onTerminal([...program, ...hanging(), '--yes'], {
      env: variables(),
      cwd: repository,
      stty: 'cols 0',
    });
    const lines = await shown.until(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Machine/);
    expect(lines.at(-1)).toMatch(/ Machine {50,}\d\.\ds$/);
    await new Promise((resolve) => setTimeout(resolve, 300));
    shown.type('\u0003');
    const { exitCode } = await shown.ended;
    expect(exitCode).toBe(130);
    expect(shown.written()).toBeLessThan(50_000);
  });
});

describe('a question', () => {
  it('is asked on a terminal, and Ctrl-C at it ends with 130', async () => {
    const shown = onTerminal([...program, 'install'], { env: variables(), cwd: repository });
    await shown.until('Name of the environment');
    shown.type('Bad\r');
    await shown.until('is not an environment ID');
    shown.type('\u0003');
    const { exitCode, screen } = await shown.ended;
    expect(exitCode).toBe(130);
    expect(screen.join('\n')).toContain('Cancelled. Nothing has been changed.');
  });

  it.each([
    ['CI', { CI: 'true' }, []],
    ['--json', {}, ['--json']],
  ])('is not asked with %s', async (_with, more, argv) => {
    const shown = onTerminal([...program, 'install', ...hanging().slice(3), ...argv], {
      env: variables(more),
      cwd: repository,
      columns: 300,
    });
    await shown.until(/made up|"random":true/);
    shown.kill();
    expect(shown.screen().join('\n')).not.toContain('Name of the environment');
  });
});

describe('streams that are gone', () => {
  const shell = (line: string) =>
    spawnSync('sh', ['-c', line, 'sh', process.execPath, ...program], {
      env: variables(),
      cwd: repository,
      encoding: 'utf8',
    });

  it.each([
    ['a reader that leaves', '"$@" releases | head -c 1 >/dev/null', ''],
    ['a full disk', '"$@" releases >/dev/full', ''],
    ['a closed stdout', '"$@" releases >&-', ''],
    ['a closed stdin', '"$@" explain BAI-LOCKED <&- >/dev/null', ''],
    ['a full disk under help', '"$@" --help >/dev/full', ''],
  ])('%s is no error', (_what, line, stderr) => {
    const ended = shell(line);
    expect([ended.status, ended.stderr]).toEqual([0, stderr]);
  });

  it('a stderr that cannot be written leaves the exit status alone', () => {
    expect(shell('"$@" delete 2>/dev/full').status).toBe(2);
    expect(shell('"$@" delete 2>&-').status).toBe(2);
  });

  it('a folder that was removed meanwhile is no reason to stop', () => {
    expect(
      shell('mkdir "$HOME/gone" && cd "$HOME/gone" && rmdir "$HOME/gone" && "$@" --version').status,
    ).toBe(0);
  });
});
