// Removing environments: what stops it, what is saved first, what stays, and that nothing of others is touched.
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  rmdirSync,
  symlinkSync,
  writeSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeleteResult } from '../../src/operations/delete.ts';
import type { ListResult } from '../../src/operations/list.ts';
import { sharedCache } from '../halfstack/native.ts';
import { addStandInDaemons } from '../rig/daemons.ts';
import { belongings, difference, dockerThings, snapshot, type Snapshot } from '../rig/inventory.ts';
import type { Ended, Home } from '../rig/program.ts';
import { requires } from '../rig/require.ts';
import { engineBehind } from '../rig/sockets.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { recordOf } from '../rig/state.ts';
import { gitIn, linkedOf, workStates } from '../rig/work.ts';
import { refuseAllWork, refuseWork, repositories } from '../rig/workplace.ts';

const needed = requires('docker', 'network', 'pyenv', 'root');
const nothing = { containers: [], volumes: [], networks: [] };

describe.skipIf(needed.skip)(needed.title('delete'), { timeout: 150_000 }, () => {
  let stage: Stage;
  let home: Home;
  let before: Snapshot;
  let id: string;

  beforeAll(async () => {
    stage = await openStage(['agent', 'storage-proxy', 'webserver']);
    addStandInDaemons(stage.program);
    home = stage.home();
    before = belongings(home);
    id = stage.id('del');
    await install(id);
  }, 180_000);

  afterAll(() => stage.close());

  const run = (...args: readonly string[]): Promise<Ended> => stage.run(home, args, { limit: 70 });
  const remove = (...args: readonly string[]): Promise<Ended> => run('delete', '-e', id, '--yes', ...args);
  const folder = (of = id): string => join(home.home, 'backend.ai-dev', of);
  const trees = (): string[] => repositories.map((name) => join(folder(), name));
  const virtualenv = (of = id): string => {
    const found = recordOf(home, of)?.resources.find((one) => one.kind === 'virtualenv');
    return found?.kind === 'virtualenv' ? found.path : '';
  };

  async function install(of: string, ...more: readonly string[]): Promise<void> {
    const ended = await stage.run(home, stage.install(of, ...more), { limit: 110 });
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
  }

  const existing = (container: string): string =>
    execFileSync('docker', ['ps', '-aq', '--filter', `name=${container}`], { encoding: 'utf8' });

  /** The text of a file in a snapshot. */
  const saved = (name: string, path: string): string =>
    readFileSync(join(home.state, 'snapshots', id, name, 'files', path), 'utf8');

  async function removed(...args: readonly string[]): Promise<DeleteResult> {
    const ended = await remove(...args);
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    return (ended.envelope?.result as unknown as DeleteResult[])[0]!;
  }

  it.each(workStates)('refuses %s in each of its six repositories, by name', async (...state) => {
    await refuseWork({ trees: trees(), remove }, state);
    expect(recordOf(home, id)?.phase).toBe('ready');
    expect(dockerThings(id).containers).toHaveLength(3);
  });

  it('refuses an edited configuration file, by name', async () => {
    const file = join(trees()[0]!, 'manager.toml');
    const before = readFileSync(file);
    appendFileSync(file, '# mine\n');
    const ended = await remove();
    writeFileSync(file, before);
    expect(ended.exit, ended.stdout + ended.stderr).toBe(5);
    expect(ended.envelope?.failure?.['lines']).toEqual([
      `${trees()[0]!}: 1 edited configuration file: manager.toml`,
    ]);
  });

  it('refuses while somebody runs a program of it by hand, and names that', async () => {
    const python = join(virtualenv(), 'bin/python');
    const child = spawn(python, ['-c', 'import time; time.sleep(600)'], { cwd: '/', stdio: 'ignore' });
    try {
      await sleep(200);
      const ended = await remove();
      expect(ended.exit, ended.stdout + ended.stderr).toBe(5);
      expect(ended.envelope?.failure).toMatchObject({
        code: 'BAI-OCCUPIED',
        facts: { processes: [{ pid: child.pid }] },
      });
    } finally {
      child.kill('SIGKILL');
    }
    expect(recordOf(home, id)?.phase).toBe('ready');
  });

  it('shows by a dry run what would go, and touches nothing', async () => {
    const ended = await run('delete', '-e', id, '--dry-run');
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    const [planned] = ended.envelope?.result as unknown as DeleteResult[];
    expect(planned).toMatchObject({ id, outcome: 'planned' });
    expect(planned!.removed).toContain(`source tree ${join(folder(), 'manager')}`);
    expect(recordOf(home, id)?.phase).toBe('ready');
  });

  it('counts and names files in virtual folders, and refuses to drop them', async () => {
    const name = 'vfolder/local/ab/cd/my data.bin';
    mkdirSync(join(folder(), 'vfolder/local/ab/cd'), { recursive: true });
    writeFileSync(join(folder(), name), 'uploaded');
    writeFileSync(join(folder(), 'notes.txt'), 'mine');
    const plan = await run('delete', '-e', id, '--dry-run');
    const [planned] = plan.envelope?.result as unknown as DeleteResult[];
    expect(planned!.files).toEqual([
      { path: 'notes.txt', files: 1, bytes: 4, names: ['notes.txt'], goes: false },
      { path: 'vfolder/local', files: 1, bytes: 8, names: [name], goes: true },
    ]);
    expect(planned!.kept).toEqual([`folder ${folder()}`]);
    expect(planned!.removed).not.toContain(`folder ${folder()}`);

    for (const more of [[], ['--skip-source'], ['--skip-venvs', '--dry-run']]) {
      const ended = await remove('--no-snapshot', ...more);
      expect(ended.exit, ended.stdout + ended.stderr).toBe(5);
      expect(ended.envelope?.failure).toMatchObject({
        code: 'BAI-USER-FILES',
        facts: { files: [{ path: 'vfolder/local', files: 1, names: [name] }] },
      });
      expect(ended.envelope?.failure?.['lines']).toContainEqual(`  ${name}`);
      const next = ended.envelope?.failure?.next.map(({ command }) => command) ?? [];
      expect(next[0]).not.toContain('--no-snapshot');
      expect(next[1]).toMatch(/^(?=.* --force)(?=.* --no-snapshot)/);
    }
    expect(recordOf(home, id)?.phase).toBe('ready');
    rmSync(join(folder(), 'notes.txt'));
  });

  it('keeps the parts that are to be kept, which install completes again', async () => {
    gitIn(trees()[0]!, 'commit', '--quiet', '--allow-empty', '-m', 'mine');
    mkdirSync(join(folder(), 'vfolder/local/ab/cd'), { recursive: true });
    writeFileSync(join(folder(), 'vfolder/local/ab/cd/my data.bin'), 'uploaded');
    const reduced = await removed('--skip-source', '--skip-venvs');
    // what the database knew of went with it
    expect(saved(reduced.snapshot!.name, 'vfolder/local/ab/cd/my data.bin')).toBe('uploaded');
    rmSync(join(home.state, 'snapshots', id), { recursive: true });
    expect(existsSync(join(folder(), 'vfolder'))).toBe(false);
    expect(reduced.outcome).toBe('reduced');
    expect(dockerThings(id)).toEqual(nothing);
    expect(existsSync(join(virtualenv(), 'bin/python'))).toBe(true);
    const { environments } = (await run('list')).envelope?.result as unknown as ListResult;
    expect(environments.find((row) => row.id === id)).toMatchObject({
      state: 'partly deleted',
      reason: 'left: sources, virtualenvs',
      next: { command: `bai-dev install -e ${id}` },
    });
    await install(id);
    expect(recordOf(home, id)?.phase).toBe('ready');
    expect(gitIn(trees()[0]!, 'log', '-1', '--format=%s').trim()).toBe('mine');
    gitIn(trees()[0]!, 'reset', '--quiet', '--hard', 'HEAD~1');
    gitIn(trees()[0]!, 'reflog', 'expire', '--expire=now', '--all');

    const data = dockerThings(id);
    writeFileSync(join(folder(), 'vfolder/local/again.bin'), 'uploaded');
    await removed('--skip-containers', '--no-snapshot');
    // virtual folders are of one piece with the database
    expect(readFileSync(join(folder(), 'vfolder/local/again.bin'), 'utf8')).toBe('uploaded');
    expect(dockerThings(id)).toEqual(data);
    expect(existsSync(virtualenv())).toBe(false);
    expect(trees().filter(existsSync)).toEqual([]);
    await install(id);
    expect(dockerThings(id)).toEqual(data);
  });

  it('names what cannot be removed, and goes on with the same command', async () => {
    const stubborn = stage.id('stub');
    await install(stubborn);
    const held = join(folder(stubborn), 'common/held');
    mkdirSync(held);
    const bigger = join(home.folder, 'bigger disk');
    mkdirSync(bigger);
    writeFileSync(join(bigger, 'data'), 'mine');
    // on the same device, so that only the list of mounts tells
    execFileSync('mount', ['--bind', bigger, held]);
    // the virtual folders were moved away, and so was a tree
    mkdirSync(join(folder(stubborn), 'vfolder/local/ab'));
    writeFileSync(join(folder(stubborn), 'vfolder/local/ab/data'), 'mine');
    for (const moved of ['vfolder', 'webserver']) {
      renameSync(join(folder(stubborn), moved), join(bigger, moved));
      symlinkSync(join(bigger, moved), join(folder(stubborn), moved));
    }
    const behind = snapshot(bigger);
    // an agent that resolved the links on the way to a tree started a session
    const session = `kernel-${stubborn}`;
    docker('create', '--name', session, '--label', 'ai.backend.kernel-id=x', '-v', `${bigger}/webserver:/x`);
    appendFileSync(join(folder(stubborn), `docker-compose.halfstack.${stubborn}.yml`), '# mine\n');
    try {
      const ended = await run('delete', '-e', stubborn, '--yes', '--force', '--no-snapshot');
      expect(ended.exit, ended.stdout + ended.stderr).toBe(6);
      expect(ended.envelope?.failure).toMatchObject({ code: 'BAI-LEFTOVERS' });
      const lines = ended.envelope?.failure?.['lines'] as string[];
      expect(lines).toEqual([
        expect.stringMatching(/^source tree .*\/common: .*\/common\/held is a mount point/),
      ]);
      expect(existing(session)).toBe('');
      const next = ended.envelope?.failure?.next.map(({ command }) => command) ?? [];
      expect(next.at(0)).toBe(`sudo umount ${held}`);
      expect(next.at(-1)).toBe(`bai-dev delete -e ${stubborn} --no-snapshot --force`);
      expect(difference(behind, snapshot(bigger))).toEqual([]);
    } finally {
      execFileSync('umount', [held]);
    }
    expect(dockerThings(stubborn)).toEqual(nothing);
    const ended = await run('delete', '-e', stubborn, '--yes', '--force', '--no-snapshot');
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    // what somebody edited stays, and is named
    const [result] = ended.envelope?.result as unknown as DeleteResult[];
    const compose = join(folder(stubborn), `docker-compose.halfstack.${stubborn}.yml`);
    expect(result!.kept).toContain(`file ${compose}`);
    expect(result!.kept).toContain(
      `symbolic link ${join(folder(stubborn), 'vfolder')} to ${join(bigger, 'vfolder')}`,
    );
    expect(difference(behind, snapshot(bigger))).toEqual([]);
    expect(readdirSync(folder(stubborn))).toEqual([
      ...[`docker-compose.halfstack.${stubborn}.yml`, 'vfolder', 'webserver'],
    ]);
    rmSync(bigger, { recursive: true });
    rmSync(join(home.state, 'rescued', stubborn), { recursive: true, force: true });
    rmSync(folder(stubborn), { recursive: true });
  });

  it('removes nothing that it cannot save on a full disk, and frees the disk when it need not', async () => {
    const full = stage.id('full');
    await install(full);
    const disk = join(home.folder, 'state disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
    cpSync(join(home.state, 'environments', full), join(disk, 'environments', full), { recursive: true });
    execFileSync('mount', ['--bind', disk, home.state]);
    try {
      fill(join(disk, 'filler'));
      const unsaved = await run('delete', '-e', full, '--yes');
      expect(unsaved.exit, unsaved.stdout + unsaved.stderr).toBe(6);
      expect(unsaved.envelope?.failure).toMatchObject({
        code: 'BAI-UNSAVED',
        reason: expect.stringMatching(/disk is full/) as string,
      });
      expect(unsaved.envelope?.failure?.next.at(-1)?.command).toBe(`bai-dev delete -e ${full} --no-snapshot`);
      expect(recordOf(home, full)?.phase).toBe('ready');
      expect(dockerThings(full).containers).toHaveLength(3);
      expect(existsSync(virtualenv(full))).toBe(true);

      fill(join(disk, 'more filler'));
      const ended = await run('delete', '-e', full, '--yes', '--no-snapshot');
      expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
      expect(dockerThings(full)).toEqual(nothing);
      expect(existsSync(folder(full))).toBe(false);
    } finally {
      execFileSync('umount', [home.state]);
      execFileSync('umount', [disk]);
      rmSync(join(home.state, 'environments', full), { recursive: true });
      rmSync(disk, { recursive: true });
    }
  });

  /** Writes until the disk is full to its last byte. */
  function fill(path: string): void {
    const file = openSync(path, 'w');
    try {
      for (;;) writeSync(file, Buffer.alloc(512));
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    } finally {
      closeSync(file);
    }
  }

  it('removes the rest while the engine is down, names what waits for it, and goes on once it is back', async () => {
    const other = stage.id('down');
    const socket = join(home.folder, 'docker.sock');
    const variables = { DOCKER_HOST: `unix://${socket}` };
    const engine = await engineBehind(socket);
    const made = await stage.run(home, stage.install(other), { variables, limit: 110 });
    expect(made.exit, made.stdout + made.stderr).toBe(0);
    await engine.close();
    // its install path was removed by hand besides
    rmSync(folder(other), { recursive: true });
    const gone = (...more: string[]): Promise<Ended> =>
      stage.run(home, ['delete', '-e', other, '--yes', ...more], { variables });
    // the data cannot be saved, so nothing goes unless that is said
    const unsaved = await gone();
    expect(unsaved.exit, unsaved.stdout + unsaved.stderr).toBe(6);
    expect(unsaved.envelope?.failure).toMatchObject({ code: 'BAI-UNSAVED' });
    expect(unsaved.envelope?.failure?.next.at(-1)?.command).toBe(`bai-dev delete -e ${other} --no-snapshot`);
    expect(recordOf(home, other)?.phase).toBe('ready');
    expect(existsSync(virtualenv(other))).toBe(true);
    const failed = await gone('--no-snapshot');
    expect(failed.exit, failed.stdout + failed.stderr).toBe(6);
    const lines = failed.envelope?.failure?.['lines'] as string[];
    expect(lines.filter((line) => / is still there\. Docker at .* does not answer/.test(line))).toHaveLength(
      7,
    );
    expect(existsSync(virtualenv(other))).toBe(false);

    const back = await engineBehind(socket);
    const ended = await gone();
    await back.close();
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    expect(dockerThings(other)).toEqual(nothing);
  });

  it.each(['docker', 'native'])('killed again and again on %s, ends with nothing left', async (engine) => {
    const own = stage.home({ XDG_CACHE_HOME: join(sharedCache, '..', 'bai-dev-test-xdg') });
    const victim = stage.id('kill');
    const was = belongings(own);
    const made = await stage.run(own, stage.install(victim, '--engine', engine), { limit: 140 });
    expect(made.exit, made.stdout + made.stderr).toBe(0);
    const args = ['delete', '-e', victim, '--yes'];
    const file = 'vfolder/local/ab/cd/data.bin';
    const installed = join(own.home, 'backend.ai-dev', victim);
    mkdirSync(join(installed, 'vfolder/local/ab/cd'), { recursive: true });
    writeFileSync(join(installed, file), 'uploaded');
    /** Every place where the uploaded file is, whole. */
    const copies = (): string[] =>
      ['snapshots', 'rescued']
        .map((name) => join(own.state, name, victim))
        .flatMap((all) => (existsSync(all) ? readdirSync(all).map((name) => join(all, name)) : []))
        .filter((at) => !at.split('/').at(-1)!.startsWith('.'))
        .map((at) => join(at, 'files'))
        .concat(installed)
        .filter((at) => existsSync(join(at, file)) && readFileSync(join(at, file), 'utf8') === 'uploaded');
    for (let round = 0; round < 9 && recordOf(own, victim) !== undefined; round += 1) {
      const { child, ended } = stage.begin(own, args);
      await sleep(300 + Math.random() * 500 + round * 250);
      child.kill('SIGKILL');
      await ended;
      expect(copies()).not.toEqual([]);
    }
    if (recordOf(own, victim) !== undefined) {
      const ended = await stage.run(own, args);
      expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    }
    expect(dockerThings(victim)).toEqual(nothing);
    expect(copies()).not.toEqual([]);
    for (const name of ['snapshots', 'rescued'])
      rmSync(join(own.state, name), { recursive: true, force: true });
    if (readdirSync(own.state).length === 0) rmdirSync(own.state);
    expect(difference(was, belongings(own))).toEqual([]);
  });

  it('saves work and data, and leaves all that is not ours', async () => {
    const decoys = makeDecoys();
    const session = `kernel-${id}`;
    docker('create', '--name', session, '--label', 'ai.backend.kernel-id=x', '-v', `${trees()[0]}/src:/x`);
    const comesBack = await refuseAllWork({ trees: trees(), remove });
    const python = join(virtualenv(), 'bin/python');
    const guest = spawn(python, ['-c', 'import time; time.sleep(600)'], { cwd: '/', stdio: 'ignore' });
    await sleep(200);

    writeFileSync(join(folder(), 'vfolder/local/last.bin'), 'uploaded');

    const result = await removed('--force');
    expect(saved(result.snapshot!.name, 'vfolder/local/last.bin')).toBe('uploaded');
    expect(result.files?.find(({ goes }) => goes)).toMatchObject({ path: 'vfolder/local', files: 2 });
    expect(result.removed).toContain(`session container ${session}`);
    await sleep(50);
    expect(guest.exitCode ?? guest.signalCode).not.toBeNull();
    expect(dockerThings(id)).toEqual({
      containers: [`${id}-decoy-1`],
      volumes: [`${id}_decoy`],
      networks: [`${id}_decoy`],
    });
    expect(decoys()).toEqual([]);
    expect(result.namesakes).toEqual([
      `container ${id}-decoy-1`,
      `network ${id}_decoy`,
      `virtualenv ${join(home.home, `.pyenv/versions/venv-${id}-decoy`)}`,
      `volume ${id}_decoy`,
    ]);

    const back = join(home.folder, 'back');
    comesBack(result.rescued!.command, back);
    for (const tree of [back, ...trees().map(linkedOf)]) rmSync(tree, { recursive: true });

    // nothing but what was saved on purpose, one snapshot and one rescue, is new in this home
    const ofDecoys = new RegExp(`decoy|home/backend\\.ai-dev(/${id})?: folder`);
    const left = difference(before, belongings(home)).filter((line) => !ofDecoys.test(line));
    const places = left.map(
      (line) => /state\/bai-dev(\/(snapshots|rescued)\/[^/:]+\/[^/:]+)?/.exec(line)?.[1],
    );
    expect(left.filter((line) => !line.startsWith('new home/.local/state/bai-dev'))).toEqual([]);
    expect([...new Set(places.filter((place) => place !== undefined))].sort()).toEqual([
      `/rescued/${id}/${result.rescued!.folder.split('/').at(-1)}`,
      `/snapshots/${id}/${result.snapshot!.name}`,
    ]);
  });

  it('removes several and all, or none of them', async () => {
    const [one, two] = [stage.id('one'), stage.id('two')];
    for (const each of [one, two]) {
      const killed = await stage.run(home, stage.install(each), { kill: 'virtualenv:manager:started' });
      expect(killed.signal, killed.stdout + killed.stderr).toBe('SIGKILL');
    }
    const absent = await run('delete', one, 'nosuch', '--yes');
    expect(absent.exit).toBe(4);
    expect(recordOf(home, one)?.phase).toBe('installing');
    const both = await run('delete', '--all', one, '--yes');
    expect(both.exit).toBe(2);
    const ended = await run('delete', '--all', '--yes');
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    const deleted = (ended.envelope?.result as unknown as DeleteResult[]).map((result) => result.id);
    expect(deleted.sort()).toEqual([one, two].sort());
  });

  /** Things with our names and without our marks; gives a look at which of them have gone. */
  function makeDecoys(): () => string[] {
    docker('create', '--name', `${id}-decoy-1`, '--label', `com.docker.compose.project=${id}`);
    execFileSync('docker', ['volume', 'create', `${id}_decoy`], { stdio: 'ignore' });
    execFileSync('docker', ['network', 'create', `${id}_decoy`], { stdio: 'ignore' });
    const paths = [
      join(home.home, `.pyenv/versions/venv-${id}-decoy`),
      join(home.home, 'backend.ai-dev', `${id}-decoy`),
      join(folder(), 'decoy.txt'),
      join(home.home, 'decoy-link'),
    ];
    for (const path of paths.slice(0, 2)) mkdirSync(path);
    writeFileSync(paths[2]!, 'mine\n');
    symlinkSync(join(folder(), 'common'), paths[3]!);
    const standing = spawn('sleep', ['600'], {
      cwd: folder(),
      stdio: 'ignore',
      env: { ...process.env, BAI_DEV_ENVIRONMENT: id },
    });
    return () => {
      const alive = standing.exitCode === null && standing.signalCode === null;
      standing.kill('SIGKILL');
      const there = (path: string): boolean =>
        readdirSync(join(path, '..')).includes(path.split('/').at(-1)!);
      return [...paths.filter((path) => !there(path)), ...(alive ? [] : ['the process'])];
    };
  }

  function docker(command: string, ...args: readonly string[]): void {
    execFileSync('docker', [command, ...args, 'postgres:13.7-alpine', 'sleep', '60'], { stdio: 'ignore' });
  }
});
