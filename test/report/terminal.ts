// A terminal for tests: a real pseudo-terminal, and a screen that understands what is written to it.
import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';

export interface Shown {
  /** The screen's lines right now, without spaces at their ends and empty lines below. */
  screen(): string[];
  type(text: string): void;
  /** Waits until the screen shows it; throws with the screen after a while. */
  until(text: string | RegExp): Promise<string[]>;
  readonly ended: Promise<{ exitCode: number; screen: string[] }>;
  kill(): void;
  /** Whether the cursor can be seen. */
  cursor(): 'shown' | 'hidden';
  /** Characters that were written so far. */
  written(): number;
}

/** Ends whatever a failed test left at a terminal; for `afterEach`. */
export function endAll(): void {
  for (const shown of open) shown.kill();
  open.clear();
}

const open = new Set<Shown>();

/** Runs node with `args` on a terminal of so many columns; `stty` changes what the terminal says of itself. */
export function onTerminal(
  args: readonly string[],
  more: { columns?: number; rows?: number; env?: Record<string, string>; cwd?: string; stty?: string } = {},
): Shown {
  const { columns = 80, rows = 30 } = more;
  const screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const told = ['-c', `stty ${more.stty ?? 'sane'}; exec "$@"`, 'sh', process.execPath, ...args];
  const child = spawn('/bin/sh', told, {
    cols: columns,
    rows,
    cwd: more.cwd ?? process.cwd(),
    env: { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', TERM: 'xterm', ...more.env },
  });
  let cursor: 'shown' | 'hidden' = 'shown';
  let written = 0;
  child.onData((data) => {
    written += data.length;
    screen.write(data);
    const last = Math.max(data.lastIndexOf('\u001B[?25h'), data.lastIndexOf('\u001B[?25l'));
    if (last >= 0) cursor = data.charAt(last + 5) === 'h' ? 'shown' : 'hidden';
  });
  const read = (): string[] => {
    const { active } = screen.buffer;
    const lines = Array.from({ length: active.length }, (_, at) =>
      (active.getLine(at)?.translateToString(true) ?? '').trimEnd(),
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  };
  const ended = new Promise<{ exitCode: number; screen: string[] }>((resolve) => {
    // the last bytes may still be on their way to the screen
    child.onExit(({ exitCode }) => setTimeout(() => resolve({ exitCode, screen: read() }), 100));
  });
  const shown: Shown = {
    screen: read,
    type: (text) => child.write(text),
    ended,
    kill: () => child.kill('SIGKILL'),
    cursor: () => cursor,
    written: () => written,
    until: async (text) => {
      const limit = performance.now() + 20_000;
      for (;;) {
        const lines = read();
        const whole = lines.join('\n');
        if (typeof text === 'string' ? whole.includes(text) : text.test(whole)) return lines;
        if (performance.now() > limit) throw new Error(`the screen never showed ${String(text)}:\n${whole}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
  open.add(shown);
  void ended.then(() => open.delete(shown));
  return shown;
}
