// Making, keeping, repairing and deleting an environment: the built program with stand-in components of a third
// release, on real Docker, with real git, uv and PostgreSQL.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  belongings,
  containerFacts,
  difference,
  dockerThings,
  mountedVolumes,
  remainingVolumes,
  snapshot,
  type Snapshot,
} from '../rig/inventory.ts';
import type { Home } from '../rig/program.ts';
import { requires } from '../rig/require.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { recordOf } from '../rig/state.ts';

const needed = requires('docker', 'network', 'pyenv');

describe.skipIf(needed.skip)(needed.title('install and delete'), { timeout: 120_000 }, () => {
  let stage: Stage;
  let home: Home;
  let id: string;
  let folder: string;
  let before: Snapshot;

  beforeAll(async () => {
    stage = await openStage();
    home = stage.home();
    id = stage.id('flow');
    folder = join(home.home, 'backend.ai-dev', id);
    before = belongings(home);
  });

  afterAll(async () => {
    await stage.close();
  });

  const install = (...more: readonly string[]) => stage.run(home, stage.install(id, ...more), { limit: 110 });

  /** Everything that a run could change, down to the times of files. */
  const everything = (): Snapshot => {
    const found = new Map(snapshot(home.folder, { times: true }));
    containerFacts(id).forEach((fact, at) => found.set(`container ${at}`, fact));
    return found;
  };

  it('writes nothing in a dry run, and tells the whole plan', async () => {
    const untouched = everything();
    const ended = await install('--dry-run');
    expect(ended.envelope, ended.stderr).toMatchObject({ ok: true, result: { outcome: 'planned', id } });
    const plan = ended.envelope?.result?.['plan'] as { id: string; outlook: string }[];
    expect(plan.map((step) => step.id)).toEqual(
      expect.arrayContaining([
        'source:manager',
        'virtualenv:client',
        'halfstack:up',
        'database:fixtures',
        'etcd:fill',
      ]),
    );
    expect(new Set(plan.map(({ outlook }) => outlook))).toEqual(new Set(['make']));
    expect(difference(untouched, everything())).toEqual([]);
  });

  it('makes the environment', async () => {
    const ended = await install();
    expect(ended.envelope, ended.stdout + ended.stderr).toMatchObject({
      ok: true,
      result: { outcome: 'made', id },
    });
    expect(ended.exit).toBe(0);
    const record = recordOf(home, id);
    expect(record?.phase).toBe('ready');
    expect(new Set(Object.values(record?.marks ?? {}).map(({ state }) => state))).toEqual(new Set(['done']));
    expect(dockerThings(id).containers).toHaveLength(3);
  });

  it('tells every step exactly once', async () => {
    const other = stage.id('once');
    const ended = await stage.run(home, stage.install(other), { limit: 110 });
    expect(ended.exit, ended.stderr).toBe(0);
    const steps = Object.keys(recordOf(home, other)?.marks ?? {}).sort();
    const told = ended.lines
      .filter((line) => line['kind'] === 'step-ended')
      .map((line) => String(line['step']));
    expect(told.sort()).toEqual(steps);
    expect((await stage.run(home, ['delete', '-e', other, '--yes', '--no-snapshot'])).exit).toBe(0);
  });

  it("takes the wheel's file that the source distribution lacks, on the release's branch and with a clean status", () => {
    const tree = join(folder, 'manager');
    expect(readFileSync(join(tree, 'src/standin_manager/tool.bin'), 'utf8')).toBe('only the wheel has it\n');
    const git = (...args: readonly string[]) =>
      execFileSync('git', ['-C', tree, ...args], { encoding: 'utf8' }).trim();
    expect(git('branch', '--show-current')).toBe('99.01');
    expect(git('rev-list', '--count', 'HEAD')).toBe('1');
    expect(git('status', '--porcelain')).toBe('');
  });

  it('resolves as of the day of the release, with extras and shared trees', () => {
    const virtualenv = recordOf(home, id)?.resources.find(
      (one) => one.kind === 'virtualenv' && one.name === `venv-${id}-manager`,
    );
    const python = virtualenv?.kind === 'virtualenv' ? join(virtualenv.path, 'bin/python') : '';
    const script = [
      'import standin_common, standin_dependency, standin_manager, standin_tester',
      'print(standin_dependency.version, standin_common.__file__, standin_manager.__file__)',
    ].join('\n');
    const [version, common, manager] = execFileSync(python, ['-c', script], { encoding: 'utf8' })
      .trim()
      .split(' ');
    expect(version).toBe('1.0');
    expect(common).toBe(join(folder, 'common/src/standin_common/__init__.py'));
    expect(manager).toBe(join(folder, 'manager/src/standin_manager/__init__.py'));
  });

  it('changes nothing the second time', async () => {
    const untouched = everything();
    const ended = await install();
    expect(ended.envelope, ended.stderr).toMatchObject({ ok: true, result: { outcome: 'unchanged' } });
    expect(difference(untouched, everything())).toEqual([]);
  });

  it.each([
    ['another release', ['--release', '21.09'], '--release'],
    ['another path', ['--install-path', '/somewhere/else'], '--install-path'],
    ['other ports', ['--ports', '29000'], '--ports'],
  ])('refuses %s under the same ID, and names the difference', async (_name, more, flag) => {
    const untouched = everything();
    const ended = await install(...more);
    expect(ended.exit).toBe(5);
    expect(ended.envelope?.failure).toMatchObject({ code: 'BAI-CONFLICT-SPEC' });
    expect(ended.envelope?.failure?.reason).toContain(flag);
    expect(difference(untouched, everything())).toEqual([]);
  });

  it('repairs a container that was removed by hand, and touches no other', async () => {
    const name = `${id}-backendai-half-redis-1`;
    const others = () => containerFacts(id).filter((fact) => !fact.startsWith(`/${name} `));
    const untouched = others();
    execFileSync('docker', ['rm', '-f', '-v', name], { stdio: 'ignore' });
    const ended = await install();
    expect(ended.envelope, ended.stderr).toMatchObject({ ok: true, result: { outcome: 'repaired' } });
    expect(dockerThings(id).containers).toContain(name);
    expect(others()).toEqual(untouched);
  });

  it('repairs a virtualenv that was deleted, and touches no other', async () => {
    const found = recordOf(home, id)?.resources.find(
      (one) => one.kind === 'virtualenv' && one.name.endsWith('-common'),
    );
    const path = found?.kind === 'virtualenv' ? found.path : '';
    const untouched = containerFacts(id);
    rmSync(path, { recursive: true });
    const ended = await install();
    expect(ended.envelope, ended.stderr).toMatchObject({ ok: true, result: { outcome: 'repaired' } });
    expect(existsSync(join(path, 'bin/python'))).toBe(true);
    expect(containerFacts(id)).toEqual(untouched);
    const made = ended.lines.filter((line) => line['kind'] === 'step-ended' && line['outcome'] === 'done');
    expect(made.map((line) => line['step'])).toEqual(['virtualenv:common']);
  });

  it('repairs files that lost their content, also where the caches have none', async () => {
    const { resources } = recordOf(home, id)!;
    const virtualenvs = resources.flatMap((one) => (one.kind === 'virtualenv' ? [one.path] : []));
    const below = (path: string): string[] =>
      readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name));
    // one file for uv's cache and all virtualenvs, as uv links them
    const installed = virtualenvs
      .flatMap(below)
      .filter((path) => path.endsWith('standin_dependency-1.0.dist-info/METADATA'));
    const resolutions = below(join(home.cache, 'resolutions')).filter((path) =>
      readFileSync(path, 'utf8').includes('standin-dependency'),
    );
    const programs = below(join(home.cache, 'uv')).filter((path) => /\/uv\/[\d.]+\/uv$/.test(path));
    const generated = resources.flatMap((one) => (one.kind === 'file' ? [one.path] : []));
    const emptied = [...installed, ...resolutions, ...programs, ...generated].filter(
      (path) => statSync(path).size > 0,
    );
    const before = new Map(emptied.map((path) => [path, readFileSync(path)]));
    expect(installed.length).toBeGreaterThan(1);
    expect(resolutions.length * programs.length * generated.length).toBeGreaterThan(0);
    // a package of the user's own, which a repair leaves alone
    const own = join(
      virtualenvs.find((path) => installed[0]!.startsWith(path))!,
      'own.txt',
    );
    writeFileSync(own, 'mine');
    for (const path of emptied) truncateSync(path);
    const ended = await install();
    expect(ended.envelope, ended.stdout + ended.stderr).toMatchObject({ result: { outcome: 'repaired' } });
    for (const [path, content] of before)
      expect([path, readFileSync(path).equals(content)]).toEqual([path, true]);
    expect(readFileSync(own, 'utf8')).toBe('mine');
    const again = await install();
    expect(again.envelope, again.stderr).toMatchObject({ result: { outcome: 'unchanged' } });
    rmSync(own);
  });

  it('tells by the guide how to go on, and that this is ready', async () => {
    const ended = await stage.run(home, ['guide', id]);
    expect(ended.envelope, ended.stderr).toMatchObject({
      ok: true,
      result: { id, phase: 'ready', installPath: folder },
    });
  });

  it('refuses to delete work that exists nowhere else', async () => {
    const thesis = join(folder, 'manager/thesis.py');
    writeFileSync(thesis, 'print("years of work")\n');
    const untouched = everything();
    const ended = await stage.run(home, ['delete', '-e', id, '--yes', '--no-snapshot']);
    expect(ended.exit, ended.stderr).toBe(5);
    expect(ended.envelope?.failure).toMatchObject({ code: 'BAI-GIT-WORK' });
    expect(difference(untouched, everything())).toEqual([]);
    rmSync(thesis);
  });

  it('does not delete without a yes where nobody can be asked', async () => {
    const untouched = everything();
    const ended = await stage.run(home, ['delete', '-e', id]);
    expect(ended.exit).toBe(2);
    expect(ended.envelope?.failure).toMatchObject({ code: 'BAI-QUESTION' });
    expect(difference(untouched, everything())).toEqual([]);
  });

  it('deletes all of it and leaves the machine as it was', async () => {
    const volumes = mountedVolumes(id);
    expect(volumes.length).toBeGreaterThanOrEqual(3);
    const ended = await stage.run(home, ['delete', '-e', id, '--yes', '--no-snapshot']);
    expect(ended.envelope, ended.stdout + ended.stderr).toMatchObject({
      ok: true,
      result: [{ outcome: 'deleted' }],
    });
    expect(ended.exit).toBe(0);
    expect(dockerThings(id)).toEqual({ containers: [], volumes: [], networks: [] });
    expect(remainingVolumes(volumes)).toEqual([]);
    expect(difference(before, belongings(home))).toEqual([]);
  });
});
