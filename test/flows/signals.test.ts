// Ctrl-C, SIGTERM and SIGHUP in the midst of an install: the signal's own exit status, no child left behind, and the
// same command goes on.
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { belongings, difference } from '../rig/inventory.ts';
import type { Ended, Home } from '../rig/program.ts';
import { openTerminal } from '../rig/pty.ts';
import { requires } from '../rig/require.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { recordOf } from '../rig/state.ts';

const needed = requires('docker', 'network', 'pyenv', 'tmux');

describe.skipIf(needed.skip)(needed.title('signals'), { timeout: 120_000 }, () => {
  let stage: Stage;
  let home: Home;

  beforeAll(async () => {
    stage = await openStage();
    home = stage.home();
  });

  afterAll(async () => {
    await stage.close();
  });

  /** Sends the signal once a step of the group has begun, and waits for the end. */
  const interrupt = async (id: string, step: string, signal: NodeJS.Signals): Promise<Ended> => {
    const { child, ended } = stage.begin(home, stage.install(id), { limit: 110 });
    let text = '';
    let isSent = false;
    child.stdout?.on('data', (piece: Buffer) => {
      text += piece.toString();
      // once: the second time it means that the program is to leave whatever it does
      if (isSent || !text.includes(`"kind":"step-started","step":"${step}"`)) return;
      isSent = child.kill(signal);
    });
    return ended;
  };

  it.each([
    ['SIGINT', 130, 'source:manager'],
    ['SIGTERM', 143, 'virtualenv:manager'],
    ['SIGHUP', 129, 'halfstack:up'],
  ] as const)('%s ends with %i during %s, and the same command goes on', async (signal, exit, step) => {
    const id = stage.id('signal');
    const before = belongings(home);
    const ended = await interrupt(id, step, signal);
    expect(ended.exit, ended.stdout + ended.stderr).toBe(exit);
    expect(ended.envelope?.failure).toMatchObject({ code: 'BAI-INTERRUPTED' });
    const next = ended.envelope?.failure?.next.map(({ command }) => command).join('\n');
    expect(next).toContain('bai-dev install');
    expect(carrying(id)).toEqual([]);
    expect(recordOf(home, id)?.marks[step]?.state).not.toBe('done');

    const again = await stage.run(home, stage.install(id), { limit: 110 });
    expect(again.exit, again.stdout + again.stderr).toBe(0);
    const deleted = await stage.run(home, ['delete', '-e', id, '--yes', '--no-snapshot']);
    expect(deleted.exit, deleted.stdout + deleted.stderr).toBe(0);
    expect(difference(before, belongings(home))).toEqual([]);
  });

  it('is interrupted by Ctrl-C on a terminal, and says how to go on', async () => {
    const id = stage.id('tty');
    const terminal = openTerminal({
      program: stage.program,
      home,
      args: stage.install(id, '--yes'),
    });
    try {
      await terminal.until(/Virtualenvs/);
      await terminal.until(/source|Sources/i);
      terminal.press('C-c');
      expect(await terminal.exit(20)).toBe(130);
      expect(terminal.screen()).toContain('bai-dev install');
      expect(carrying(id)).toEqual([]);
    } finally {
      terminal.close();
    }
  });
});

/** Processes that work for the environment, by the mark that each of them carries. */
function carrying(id: string): readonly string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`BAI_DEV_ENVIRONMENT=${id}\0`);
      } catch {
        return false;
      }
    });
}
