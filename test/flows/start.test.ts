// Starting, looking, stopping: the built program with stand-in daemons on a real halfstack.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ListResult } from '../../src/operations/list.ts';
import type { StartResult } from '../../src/operations/start.ts';
import type { StatusResult, StatusRow } from '../../src/operations/status.ts';
import { addStandInDaemons } from '../rig/daemons.ts';
import { carrying, parentOf } from '../rig/household.ts';
import { openTerminal } from '../rig/pty.ts';
import type { Ended, Home } from '../rig/program.ts';
import { requires } from '../rig/require.ts';
import { listening } from '../rig/sockets.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { recordOf } from '../rig/state.ts';

const needed = requires('docker', 'network', 'pyenv', 'tmux');
const names = ['manager', 'agent', 'storage-proxy', 'webserver'];

describe.skipIf(needed.skip)(needed.title('start and stop'), { timeout: 120_000 }, () => {
  let stage: Stage;
  let home: Home;
  let id: string;

  beforeAll(async () => {
    stage = await openStage();
    addStandInDaemons(stage.program);
    home = stage.home();
    id = stage.id('start');
    const ended = await stage.run(home, stage.install(id), { limit: 110 });
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
  }, 120_000);

  afterEach(() => {
    for (const name of names) rmSync(way(name), { force: true });
  });

  afterAll(async () => {
    await stage.run(home, ['stop', id]);
    await stage.close();
  });

  const way = (name: string): string => join(home.home, 'backend.ai-dev', id, 'manager', `${name}.way`);
  const run = (...args: readonly string[]): Promise<Ended> => stage.run(home, args, { limit: 100 });
  /** Without `--json`, which not every command has. */
  const plain = (...args: readonly string[]) =>
    execFileSync(process.execPath, [stage.program.bin, ...args], {
      env: home.variables,
      cwd: home.folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  async function done<T>(...args: readonly string[]): Promise<T> {
    const ended = await run(...args);
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    return ended.envelope?.result as T;
  }

  async function refused(exit: number, ...args: readonly string[]) {
    const ended = await run(...args);
    expect(ended.exit, ended.stdout + ended.stderr).toBe(exit);
    return ended.envelope!.failure!;
  }

  const rows = async (): Promise<Record<string, StatusRow>> => {
    const { rows: found } = await done<StatusResult>('status', id);
    return Object.fromEntries(found.map((row) => [row.name, row]));
  };
  const states = async (): Promise<Record<string, string>> =>
    Object.fromEntries(Object.entries(await rows()).map(([name, { state }]) => [name, state]));

  const all = (state: string) => Object.fromEntries(names.map((name) => [name, state]));
  const servers = (state: string) => ({ postgres: state, redis: state, etcd: state });

  it('starts everything, in order, and all of it answers', async () => {
    const ended = await run('start', id);
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    const result = ended.envelope?.result as unknown as StartResult;
    expect(result.daemons.map(({ name, outcome }) => [name, outcome])).toEqual(
      names.map((name) => [name, 'started']),
    );
    const steps = ended.lines.filter(({ kind }) => kind === 'step-started' || kind === 'step-ended');
    const at = (kind: string, step: string) =>
      steps.findIndex((one) => one['kind'] === kind && one['step'] === step);
    expect(at('step-ended', 'daemon:manager')).toBeLessThan(at('step-started', 'daemon:agent'));
    // side by side
    expect(at('step-started', 'daemon:webserver')).toBeLessThan(at('step-ended', 'daemon:agent'));
    expect(await states()).toEqual({ ...servers('ready'), ...all('ready'), wsproxy: 'not built' });
    for (const { address, outcome } of result.daemons) {
      if (address.startsWith('http') && outcome === 'started')
        expect((await fetch(address)).status).toBeLessThan(500);
    }
  });

  it('starts nothing twice', async () => {
    const before = await rows();
    const result = await done<StartResult>('start', id);
    expect(result.halfstack).toBe('running');
    expect(result.daemons.map(({ outcome }) => outcome)).toEqual(names.map(() => 'running'));
    expect(await rows()).toEqual(before);
  });

  it('tells address, process, time and what the manager knows of the agent', async () => {
    const { manager, agent, postgres } = await rows();
    const { ports } = recordOf(home, id)!.spec;
    expect(manager).toMatchObject({ kind: 'daemon', address: `http://127.0.0.1:${ports.manager}` });
    expect(readFileSync(`/proc/${manager!.pid}/cmdline`, 'utf8')).toContain('standin_daemon');
    expect(Math.abs(Date.now() - new Date(manager!.since!).getTime())).toBeLessThan(100_000);
    expect(agent).toMatchObject({ slots: { cpu: { used: '1', of: '2' } } });
    expect(postgres).toMatchObject({ kind: 'service', address: `127.0.0.1:${ports.postgres}` });
  });

  it('is found by the folder it is asked in', async () => {
    const { installPath } = recordOf(home, id)!.spec;
    const ended = await stage.run(home, ['status'], { cwd: join(installPath, 'manager') });
    expect(ended.envelope?.result).toMatchObject({ id });
  });

  it('runs commands in a folder and virtualenv, and ends as they do', () => {
    const { installPath } = recordOf(home, id)!.spec;
    const out = plain(
      'exec',
      id,
      'manager',
      '--',
      'python',
      '-c',
      'import os, sys; print(os.getcwd(), sys.prefix)',
    );
    const [folder, prefix] = out.trim().split(' ');
    expect(folder).toBe(join(installPath, 'manager'));
    expect(prefix).toMatch(new RegExp(`venv-${id}-manager$`));
    expect(() => plain('exec', id, 'manager', '--', 'sh', '-c', 'exit 42')).toThrow(
      expect.objectContaining({ status: 42 }) as Error,
    );
    expect(() => plain('exec', id, 'manager', '--', 'sh', '-c', 'kill -9 $$')).toThrow(
      expect.objectContaining({ status: 137 }) as Error,
    );
  });

  it('exec says which command there is not, with the exit codes of a shell', () => {
    const { installPath } = recordOf(home, id)!.spec;
    const refuses = (command: string, status: number, words: string) =>
      expect(() => plain('exec', id, 'manager', '--', command)).toThrow(
        expect.objectContaining({ status, stderr: expect.stringContaining(words) as string }) as Error,
      );
    refuses('no-such-program', 127, 'There is no command "no-such-program" in the virtualenv of manager');
    refuses('pyhton', 127, 'Did you mean python?');
    refuses('./no-such-file', 127, `There is no file ${join(installPath, 'manager/no-such-file')}`);
    refuses('./manager.toml', 126, './manager.toml is not executable.');
  });

  it('exec makes the client talk to this environment, whatever the shell said before', () => {
    const { ports } = recordOf(home, id)!.spec;
    const client = (...args: readonly string[]) =>
      execFileSync(process.execPath, [stage.program.bin, 'exec', id, 'client-py', ...args, '--', 'env'], {
        env: { ...home.variables, BACKEND_ENDPOINT: 'https://elsewhere', BACKEND_ACCESS_KEY: 'other' },
        cwd: home.folder,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      })
        .split('\n')
        .filter((line) => line.startsWith('BACKEND_'))
        .sort();
    const as = (access: string, secret: string) => [
      `BACKEND_ACCESS_KEY=${access}`,
      `BACKEND_ENDPOINT=http://127.0.0.1:${ports.manager}`,
      'BACKEND_ENDPOINT_TYPE=api',
      `BACKEND_SECRET_KEY=${secret}`,
    ];
    expect(client()).toEqual(as('A', 'S'));
    expect(client('--as', 'user@example.com')).toEqual(as('UA', 'US'));
    expect(client('--as', 'user')).toEqual(as('UA', 'US'));
    expect(() => client('--as', 'usr@example.com')).toThrow(/Did you mean user@example.com/);
  });

  it('gives a signal to the command it runs, and waits for its end', async () => {
    const program = 'trap "echo got it; exit 9" TERM; echo begun; while :; do sleep 0.05; done';
    const { child, ended } = stage.begin(home, ['exec', id, 'manager', '--', 'sh', '-c', program]);
    await new Promise<void>((resolve) => child.stdout!.on('data', () => resolve()));
    child.kill('SIGTERM');
    const { exit, stdout } = await ended;
    expect([exit, stdout]).toEqual([9, 'begun\ngot it\n']);
  });

  it('tells what was written, with names where there are several', () => {
    expect(plain('logs', id, 'manager')).toBe('manager starts\n');
    expect(plain('logs', id, 'postgres', '-n', '1')).toMatch(/^\S.*\n$/);
    const lines = plain('logs', id, '-n', '1').trim().split('\n');
    expect(lines.filter((line) => / +\| /.test(line))).toEqual(lines);
    expect(lines).toContainEqual(expect.stringMatching(/^webserver +\| webserver starts$/));
  });

  it('follows what is written until it is interrupted', async () => {
    const { child, ended } = stage.begin(home, ['logs', id, 'manager', '-f']);
    await new Promise<void>((resolve) => child.stdout!.once('data', () => resolve()));
    writeFileSync(join(home.state, 'environments', id, 'logs', 'manager.log'), 'more\n', { flag: 'a' });
    await new Promise<void>((resolve) =>
      child.stdout!.on('data', (piece) => String(piece).includes('more') && resolve()),
    );
    child.kill('SIGINT');
    const { exit, lines } = await ended;
    expect(exit).toBe(130);
    expect(lines.filter(({ kind }) => kind === 'log-line').map(({ line }) => line)).toEqual([
      'manager starts',
      'more',
    ]);
  });

  it('restarts one and leaves the others', async () => {
    const before = await rows();
    await done('restart', id, 'webserver');
    const now = await rows();
    expect(now['webserver']?.pid).not.toBe(before['webserver']?.pid);
    for (const name of ['manager', 'agent', 'storage-proxy']) expect(now[name]?.pid).toBe(before[name]?.pid);
    expect(readdirSync(join(home.state, 'environments', id, 'logs'))).toContain('webserver.log.1');
  });

  it.each(names)('comes back after %s was killed, with nothing left of the old one', async (name) => {
    const before = carrying(id, name);
    const { pid } = (await rows())[name]!;
    process.kill(pid!, 'SIGKILL');
    await sleep(50);
    expect((await states())[name]).toBe(name === 'agent' ? 'broken' : 'stopped');
    await done('start', id);
    expect(carrying(id, name).filter((one) => before.includes(one))).toEqual([]);
    expect((await states())[name]).toBe('ready');
  });

  it('tells which daemon does not get ready and why; the others stay', async () => {
    await done('stop', id, '--only', 'webserver', 'storage-proxy');
    writeFileSync(way('webserver'), 'die');
    const failure = await refused(7, 'start', id);
    expect(failure).toMatchObject({
      code: 'BAI-UNHEALTHY',
      step: { group: 'Daemons', title: 'webserver' },
      lines: ['webserver starts', "KeyError: 'getpwuid(): uid not found: 1001'"],
    });
    expect(failure.reason).toBe('webserver ended with status 1 before it was ready.');
    expect(failure.next.map(({ command }) => command).join('\n')).toContain('chown -R');
    expect(await states()).toMatchObject({
      manager: 'ready',
      'storage-proxy': 'ready',
      webserver: 'stopped',
    });
    expect((await rows())['webserver']?.error).toContain('getpwuid');
    rmSync(way('webserver'));
    await done('start', id);
  });

  it('waits no longer than it is told, and leaves nothing half started', async () => {
    await done('stop', id, '--only', 'webserver');
    writeFileSync(way('webserver'), 'never');
    const failure = await refused(7, 'start', id, '--timeout', '1');
    expect(failure.reason).toMatch(
      /^webserver was not ready within 1 s \(.*ECONNREFUSED.*\) and was stopped\.$/,
    );
    expect(carrying(id, 'webserver')).toEqual([]);
  });

  it('refuses a port that a stranger holds before it starts anything', async () => {
    await done('stop', id, '--only', ...names);
    const server = createServer();
    const { webserver } = recordOf(home, id)!.spec.ports;
    await new Promise<void>((resolve) => server.listen(webserver, '127.0.0.1', resolve));
    const failure = await refused(5, 'start', id);
    server.close();
    expect(failure.code).toBe('BAI-OCCUPIED');
    expect(failure.reason).toContain(`Port ${webserver}`);
    expect(failure.reason).toContain(`pid ${process.pid}`);
    expect(failure.next.map(({ command }) => command)).toContainEqual(
      expect.stringMatching(new RegExp(`^bai-dev install -e ${id} --change --ports \\d+$`)),
    );
    expect(await states()).toMatchObject(all('stopped'));
  });

  it('tells of daemons that were started by hand, and pulls no halfstack from under them', async () => {
    await done('stop', id, '--only', ...names);
    const tree = join(home.home, 'backend.ai-dev', id, 'manager');
    const { virtualenv, ports } = { virtualenv: `venv-${id}-manager`, ports: recordOf(home, id)!.spec.ports };
    const python = join(home.home, '.pyenv/versions', virtualenv, 'bin/python');
    const byHand = ['manager', 'webserver'].map((name) => {
      writeFileSync(way(name), 'worker');
      const args = ['-m', 'standin_daemon', name];
      return spawn(python, args, { cwd: tree, env: home.variables, stdio: 'ignore' });
    });
    const pids = byHand.map(({ pid }) => pid!);
    try {
      await expect
        .poll(
          () => listening().filter(({ port }) => [ports.manager, ports.webserver].includes(port)).length,
          { timeout: 20_000 },
        )
        .toBe(2);
      const { manager, webserver, agent } = await rows();
      expect(manager).toMatchObject({ state: 'external', pid: pids[0] });
      expect(webserver).toMatchObject({ state: 'external', pid: pids[1] });
      expect(agent).toMatchObject({ state: 'stopped' });
      const { environments } = await done<ListResult>('list');
      expect(environments.find((row) => row.id === id)?.daemons).toMatchObject({
        running: [],
        external: ['manager', 'webserver'],
      });
      const occupied = await refused(5, 'start', id);
      for (const port of [ports.manager, ports.webserver]) expect(occupied.reason).toContain(`Port ${port}`);
      expect(occupied.next[0]?.command).toBe(`kill ${pids.join(' ')}`);
      const failure = await refused(5, 'stop', id);
      expect(failure.code).toBe('BAI-OCCUPIED');
      expect(failure.next.map(({ command }) => command)).toEqual([
        `kill ${pids.join(' ')}`,
        `bai-dev stop ${id} --force`,
      ]);
      expect(await states()).toMatchObject({ postgres: 'ready', manager: 'external' });
      await done('stop', id, '--force');
      expect(await states()).toMatchObject({ postgres: 'stopped', manager: 'external' });
    } finally {
      for (const one of byHand) one.kill();
    }
    await done('start', id, '--halfstack-only');
  });

  it.each([
    ['start', '--only', 'managr'],
    ['stop', '--only', 'managr'],
    ['restart', 'managr'],
    ['logs', 'managr'],
  ])('%s says what was meant by a name that is none', async (command, ...rest) => {
    expect((await refused(2, command, id, ...rest)).reason).toContain('Did you mean manager?');
  });

  it('exec says so too, and what it needs', () => {
    const fails = (...args: readonly string[]) =>
      expect(() => plain('exec', id, ...args)).toThrow(expect.objectContaining({ status: 2 }) as Error);
    fails('managr', '--', 'true');
    fails('manager');
    fails();
  });

  it('the guide works as it is printed, without pyenv and from any folder', async () => {
    await run('stop', id);
    const { ports } = recordOf(home, id)!.spec;
    const [start = '', ...more] = blocksOf(plain('guide', id));
    const begun: ChildProcess[] = [];
    const bash = (text: string, ...options: readonly string[]) => ['bash', ...options, '-c', text] as const;
    try {
      const [file, ...args] = bash(start);
      execFileSync(file, args, { env: home.variables, cwd: '/', stdio: 'pipe', timeout: 60_000 });
      for (const text of more.filter((block) => block.includes('standin_daemon'))) {
        const [shell, ...rest] = bash(text);
        begun.push(spawn(shell, rest, { env: home.variables, cwd: '/', stdio: 'ignore', detached: true }));
        // the others want the manager
        if (begun.length === 1) await answers(`http://127.0.0.1:${ports.manager}`);
      }
      expect(begun).toHaveLength(names.length);
      await answers(`http://127.0.0.1:${ports.webserver}`);
    } finally {
      for (const { pid } of begun) if (pid !== undefined) process.kill(-pid, 'SIGTERM');
      await sleep(500);
      const stop = more.find((block) => block.includes(' stop')) ?? 'false';
      execFileSync('bash', ['-c', stop], { env: home.variables, cwd: '/', stdio: 'pipe', timeout: 60_000 });
    }
    expect(await states()).toMatchObject(servers('stopped'));
  });

  it('takes other names of daemons, and says which ID was meant', async () => {
    const stopped = await done<{ daemons: readonly string[] }>('stop', id, 'storage', 'web');
    expect(stopped.daemons).toEqual([]);
    const failure = await refused(4, 'guide', `${id.slice(0, -1)}_`);
    expect(failure.reason).toContain(`Did you mean ${id}?`);
    expect(failure.next[0]?.command).toBe('bai-dev list');
  });

  it('a no is no failure: nothing is changed, and that is all that is said', async () => {
    const terminal = openTerminal({ program: stage.program, home, args: ['delete', '-e', id] });
    try {
      await terminal.until(/\(y\/N\)/);
      terminal.type('n');
      terminal.press('Enter');
      expect(await terminal.exit()).toBe(2);
      expect(terminal.screen()).toContain('Cancelled. Nothing has been changed.');
      expect(terminal.screen()).not.toContain('BAI-DECLINED');
    } finally {
      terminal.close();
    }
  });

  it.each(['start', 'stop', 'restart', 'status', 'describe', 'logs'])(
    '%s of an absent environment',
    async (command) => {
      expect((await refused(4, command, 'nowhere')).code).toBe('BAI-ENVIRONMENT-ABSENT');
    },
  );

  it.each(['installing', 'deleting', 'kept'])(
    'start and stop refuse one that is %s; status tells it',
    async (phase) => {
      const path = join(home.state, 'environments', id, 'record.json');
      const before = readFileSync(path, 'utf8');
      writeFileSync(path, before.replace('"phase": "ready"', `"phase": "${phase}"`));
      try {
        for (const command of ['start', 'stop', 'restart']) {
          expect((await refused(5, command, id)).code).toBe('BAI-CONFLICT-PHASE');
        }
        expect(await done('status', id)).toMatchObject({ phase });
      } finally {
        writeFileSync(path, before);
      }
    },
  );

  it('names the parts that are gone before it does anything, and install makes them again', async () => {
    await done('stop', id, '--only', ...names);
    const { installPath, release } = recordOf(home, id)!.spec;
    const tree = (name: string): string => join(installPath, name);
    const python = join(home.home, '.pyenv/versions', `venv-${id}-manager`, 'bin/python');
    const interpreter = readlinkSync(python);
    execFileSync('git', ['-C', tree('manager'), 'clean', '-xfdq']);
    rmSync(tree('common'), { recursive: true });
    rmSync(python);
    symlinkSync(`${interpreter}.removed`, python);
    const parts = [tree('common'), join(tree('manager'), 'manager.toml'), `${interpreter}.removed`];
    const next = [{ command: `bai-dev install -e ${id}` }];
    for (const [command, ...words] of [['start'], ['restart', 'webserver'], ['switch', '--start']] as const) {
      const failure = await refused(5, command, id, ...words);
      expect(failure).toMatchObject({ code: 'BAI-CONFLICT-PHASE', next });
      for (const part of parts) expect(failure.reason).toContain(part);
    }
    expect(() => plain('exec', id, 'manager', '--', 'true')).toThrow(
      expect.objectContaining({
        status: 5,
        stderr: expect.stringContaining(` install -e ${id}`) as unknown,
      }) as Error,
    );
    // what lacks nothing goes on
    expect(plain('exec', id, 'client-py', '--', 'echo', 'works')).toBe('works\n');
    const told = await done<StatusResult>('status', id);
    for (const part of parts) expect(told.missing!.join('\n')).toContain(part);
    expect(told.rows.find(({ name }) => name === 'manager')).toMatchObject({ state: 'absent' });
    const { environments } = await done<ListResult>('list');
    expect(environments.find((one) => one.id === id)).toMatchObject({ state: 'ready', next: next[0] });

    await done('install', '-e', id, '--yes');
    expect(Object.keys(release.trees).filter((name) => !existsSync(tree(name)))).toEqual([]);
    expect(await done<StatusResult>('status', id)).not.toHaveProperty('missing');
    expect(await done('install', '-e', id)).toMatchObject({ outcome: 'unchanged' });
  });

  it('starts only what is named', async () => {
    await done('start', id, '--halfstack-only');
    expect(await states()).toMatchObject({ ...servers('ready'), ...all('stopped') });
    await done('start', id, '--only', 'webserver');
    expect(await states()).toMatchObject({ manager: 'stopped', webserver: 'ready' });
    const failure = await refused(7, 'start', id, '--only', 'agent');
    expect(failure.reason).toBe('agent gets ready only when manager runs, and it does not.');
  });

  it('refuses a second agent on one Docker engine, unless it is forced', { timeout: 180_000 }, async () => {
    await done('start', id);
    const other = stage.id('second');
    await done(...stage.install(other));
    const failure = await refused(5, 'start', other);
    expect(failure.code).toBe('BAI-OCCUPIED');
    expect(failure.reason).toContain(`The agent of ${id}`);
    const next = failure.next.map(({ command }) => command);
    expect(next).toEqual([
      `bai-dev stop ${id}`,
      `bai-dev start ${other} --only manager storage-proxy webserver`,
      `bai-dev start ${other} --force`,
    ]);
    await done('start', other, '--only', 'manager', 'storage-proxy', 'webserver');
    await done('start', other, '--force');
    // at the same time neither sees the other's agent run
    const both = [id, other];
    for (const one of both) await done('stop', one);
    const ends = await Promise.all(both.map((one) => run('start', one)));
    expect(ends.filter(({ exit }) => exit === 0).length, ends.map(({ stdout }) => stdout).join()).toBe(1);
    const refusal = ends.find(({ exit }) => exit !== 0)?.envelope?.failure;
    expect(['BAI-LOCKED', 'BAI-OCCUPIED']).toContain(refusal?.code);
    expect(both.filter((one) => carrying(one, 'agent').length > 0)).toHaveLength(1);
    await done('stop', id);
    const deleted = await run('delete', '-e', other, '--yes', '--no-snapshot');
    expect(deleted.exit, deleted.stdout + deleted.stderr).toBe(0);
    expect(carrying(other)).toEqual([]);
  });

  it('answers after twenty rounds of kills, and then nothing is left', { timeout: 400_000 }, async () => {
    for (let round = 0; round < 20; round += 1) {
      const { child, ended } = stage.begin(home, ['start', id], { limit: 60 });
      await sleep(Math.random() * 2000);
      child.kill('SIGKILL');
      await ended;
      // not an agent's worker: its parent lives on, and whether it still answers is the agent's own affair
      const victims = carrying(id).filter((pid, _at, all) => !all.includes(parentOf(pid)));
      const victim = victims[Math.floor(Math.random() * victims.length)];
      if (victim !== undefined) process.kill(victim, 'SIGKILL');
      await done('start', id);
      expect(await states(), `round ${round}`).toMatchObject({ ...servers('ready'), ...all('ready') });
      for (const name of names) expect(carrying(id, name)).toHaveLength(name === 'agent' ? 2 : 1);
      if (round % 2 === 0) await done('stop', id, '--only', ...names);
      if (round % 2 === 0) expect(carrying(id)).toEqual([]);
    }
    await done('stop', id);
    expect(carrying(id)).toEqual([]);
    expect(await states()).toEqual({ ...servers('stopped'), ...all('stopped'), wsproxy: 'not built' });
    expect(recordOf(home, id)!.resources.filter(({ kind }) => kind === 'process')).toEqual([]);
  });

  it('starts one at once whose worker alone was killed, and tells of it until then', async () => {
    await done('stop', id, '--only', 'webserver');
    writeFileSync(way('webserver'), 'worker');
    await done('start', id);
    const pids = carrying(id, 'webserver');
    const worker = pids.find((pid) => pids.includes(parentOf(pid)))!;
    process.kill(worker, 'SIGKILL');
    await expect.poll(async () => (await states())['webserver']).toBe('broken');
    const { daemons } = await done<StartResult>('start', id, '--timeout', '15');
    expect(daemons.find(({ name }) => name === 'webserver')?.outcome).toBe('started');
    expect(await states()).toMatchObject(all('ready'));
    expect(carrying(id, 'webserver').filter((pid) => pids.includes(pid))).toEqual([]);
  });

  it('stops what runs, also twice', async () => {
    await done('start', id);
    expect(await done('stop', id)).toMatchObject({ halfstack: 'stopped', daemons: names });
    expect(await done('stop', id)).toMatchObject({ daemons: [] });
  });

  it('is deleted while it runs', async () => {
    await done('start', id);
    const ended = await run('delete', '-e', id, '--yes', '--no-snapshot');
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    expect(carrying(id)).toEqual([]);
    expect(existsSync(join(home.state, 'environments', id))).toBe(false);
  });

  it('is made and started in one go', async () => {
    const both = stage.id('both');
    const made = await done<{ outcome: string; started: StartResult }>(...stage.install(both), '--start');
    expect(made.outcome).toBe('made');
    expect(made.started.daemons.map(({ outcome }) => outcome)).toEqual(names.map(() => 'started'));
    expect(carrying(both)).not.toEqual([]);
    const ended = await run('delete', '-e', both, '--yes', '--no-snapshot');
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    expect(carrying(both)).toEqual([]);
  });
});

/** The commands of a guide: lines that are indented by four, together until something else is said. */
function blocksOf(guide: string): string[] {
  const lines = guide.split('\n').map((line) => (line.startsWith('    ') ? line.slice(4) : ''));
  return lines
    .join('\n')
    .split(/\n{2,}/)
    .map((block) => block.trim())
    .filter(Boolean);
}

async function answers(url: string): Promise<void> {
  await expect
    .poll(
      () =>
        fetch(url)
          .then(({ status }) => status)
          .catch(() => 0),
      { timeout: 30_000 },
    )
    .toBe(200);
}
