// A machine without a Python that fits: uv brings one from a mirror, and everything goes on as with any other.
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { difference, snapshot } from '../rig/inventory.ts';
import { startMirror, type Mirror } from '../rig/mirror.ts';
import type { Home } from '../rig/program.ts';
import { requires } from '../rig/require.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { recordOf } from '../rig/state.ts';

const needed = requires('docker', 'network', 'pyenv');

describe.skipIf(needed.skip)(needed.title('a Python that uv brings'), { timeout: 120_000 }, () => {
  let stage: Stage;
  let mirror: Mirror;
  let home: Home;
  let id: string;

  beforeAll(async () => {
    [stage, mirror] = await Promise.all([openStage(), startMirror()]);
    stage.program.put('templates/python.json', mirror.pins);
    home = stage.home({ PYENV_ROOT: '/nowhere', UV_PYTHON_INSTALL_MIRROR: mirror.url });
    id = stage.id('brought');
  }, 120_000);
  afterAll(async () => {
    await stage.close();
    await mirror.close();
  });

  const install = (...more: readonly string[]) => stage.run(home, stage.install(id, ...more), { limit: 110 });

  it('is a blocker that says what to run where it cannot be had, and nothing is written', async () => {
    const before = snapshot(home.folder);
    mirror.instead = 'nothing';
    const ended = await install();
    mirror.instead = undefined;
    expect(ended.exit).toBe(3);
    expect(ended.envelope?.failure).toMatchObject({ code: 'BAI-PRECHECK' });
    const commands = ended.envelope?.failure?.next.map(({ command }) => command) ?? [];
    expect(commands.some((command) => command.includes('pyenv install 3.9'))).toBe(true);
    expect(commands.some((command) => command.includes('UV_PYTHON_INSTALL_MIRROR='))).toBe(true);
    expect(difference(before, snapshot(home.folder))).toEqual([]);
  });

  it('is shown in the plan with its size', async () => {
    const { envelope } = await install('--dry-run');
    const plan = envelope?.result?.['plan'] as { id: string; bytes: number }[];
    expect(plan.find((step) => step.id === 'python:build')?.bytes).toBeGreaterThan(1_000_000);
    expect(existsSync(home.cache)).toBe(false);
  });

  it('is what the virtualenvs, which lie in the trees, are made of', async () => {
    const ended = await install();
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    const { spec } = recordOf(home, id)!;
    expect(spec.python.version).toBe(mirror.version);
    expect(spec.python.path).toContain(join(home.cache, 'python'));
    const python = join(spec.installPath, 'manager/.venv/bin/python');
    const said = execFileSync(python, ['-c', 'import sys, standin_manager; print(sys.base_prefix)']);
    expect(spec.python.path).toContain(said.toString().trim());
    expect(existsSync(join(home.home, '.local/share/uv'))).toBe(false);
    expect(existsSync(join(home.home, '.local/bin'))).toBe(false);
  });

  it('comes back when the cache was emptied, also where another one would be chosen by now', async () => {
    rmSync(join(home.cache, 'python'), { recursive: true });
    const ended = await install();
    expect(ended.envelope, ended.stdout + ended.stderr).toMatchObject({ result: { outcome: 'repaired' } });
    const again = ended.lines.filter((line) => line['kind'] === 'step-ended' && line['outcome'] === 'done');
    expect(again.map((line) => line['step'])).toEqual(['python:build']);
    expect((await install()).envelope).toMatchObject({ result: { outcome: 'unchanged' } });
    expect((await stage.run(home, ['delete', '-e', id, '--yes', '--no-snapshot'])).exit).toBe(0);
  });
});
