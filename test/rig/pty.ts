// A real terminal for the program, through tmux: what a person sees is read from its screen.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Start } from './program.ts';

export interface Terminal {
  /** The screen as text, without colours and trailing blanks. */
  screen(): string;
  /** The screen with its escape sequences. */
  coloured(): string;
  /** Types tmux's key names (`Enter`, `C-c`, `Up`) or, with `literally`, plain text. */
  press(...keys: readonly string[]): void;
  type(text: string): void;
  resize(columns: number, rows: number): void;
  /** Waits until the screen fits, and returns it; throws with the last screen after `limit` seconds. */
  until(wanted: RegExp, limit?: number): Promise<string>;
  /** The program's exit status, once it has ended; throws after `limit` seconds. */
  exit(limit?: number): Promise<number>;
  close(): void;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Starts the program in a terminal. The caller closes it. */
export function openTerminal(start: Start, size: TerminalSize = { columns: 100, rows: 30 }): Terminal {
  const socket = `bai-dev-${randomBytes(4).toString('hex')}`;
  const status = join(start.home.folder, `${socket}.exit`);
  const variables: Record<string, string | undefined> = {
    ...start.home.variables,
    TERM: 'screen-256color',
    ...start.variables,
  };
  const assignments = Object.entries(variables).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  const words = ['env', '-i', ...assignments, process.execPath, start.program.bin, ...start.args];
  const line = `${words.map(quote).join(' ')}; echo $? > ${quote(status)}; exec sleep 600`;
  const tmux = (...args: readonly string[]): string => {
    const result = spawnSync('tmux', ['-L', socket, '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      timeout: 10_000,
      env: { ...process.env, LC_ALL: 'C.UTF-8', TMUX: '' },
    });
    if (result.status !== 0) throw new Error(`tmux ${args[0] ?? ''}: ${result.stderr}`);
    return result.stdout;
  };
  const { columns, rows } = size;
  tmux(
    'new-session',
    '-d',
    '-s',
    't',
    '-x',
    `${columns}`,
    '-y',
    `${rows}`,
    '-c',
    start.cwd ?? start.home.folder,
    line,
  );
  const capture = (...flags: readonly string[]): string => tmux('capture-pane', '-p', '-t', 't', ...flags);

  return {
    screen: () =>
      capture()
        .replace(/[ \t]+$/gm, '')
        .trimEnd(),
    coloured: () => capture('-e'),
    press: (...keys) => void tmux('send-keys', '-t', 't', ...keys),
    type: (text) => void tmux('send-keys', '-l', '-t', 't', text),
    resize: (width, height) => void tmux('resize-window', '-t', 't', '-x', `${width}`, '-y', `${height}`),
    until: async (wanted, limit = 20) => {
      const ends = Date.now() + limit * 1000;
      while (Date.now() < ends) {
        const text = capture();
        if (wanted.test(text)) return text;
        await pause();
      }
      throw new Error(`the screen never showed ${String(wanted)}; it shows:\n${capture()}`);
    },
    exit: async (limit = 60) => {
      const ends = Date.now() + limit * 1000;
      while (Date.now() < ends) {
        const text = existsSync(status) ? readFileSync(status, 'utf8').trim() : '';
        if (text !== '') return Number(text);
        await pause();
      }
      throw new Error(`the program did not end within ${limit} s; the screen shows:\n${capture()}`);
    },
    close: () => {
      spawnSync('tmux', ['-L', socket, 'kill-server'], { stdio: 'ignore', timeout: 10_000 });
    },
  };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
