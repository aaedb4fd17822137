// A Docker engine whose disk is full: one of the test's own, whose data lies on a small file system in memory.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requires } from '../rig/require.ts';
import { command, docker, realStack, type RealStack } from './stack.ts';

const needed = requires('docker', 'root');
/** Bytes that are left for the servers: less than PostgreSQL's first files take. */
const left = 10_000_000;

describe.skipIf(needed.skip)(needed.title('an engine on a small disk'), { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'bai-dev-engine-'));
  const data = join(folder, 'data');
  const path = join(folder, 'docker.sock');
  let engine: ChildProcess;
  let real: RealStack;

  const small = (...args: readonly string[]): string => docker('--host', `unix://${path}`, ...args);
  const free = (): number => {
    const { bavail, bsize } = statfsSync(data);
    return bavail * bsize;
  };
  const states = async () => (await real.engine.status(real.stack)).map(({ state }) => state);

  beforeAll(async () => {
    mkdirSync(data);
    command('mount', ['-t', 'tmpfs', '-o', 'size=600m', 'tmpfs', data]);
    engine = await begin({ folder, data, path });
    real = await realStack(path);
    const images = [...new Set(real.stack.services.map(({ image }) => image))];
    execFileSync(
      'sh',
      ['-c', 'path=$1; shift; docker save "$@" | docker --host "unix://$path" load', 'sh', path, ...images],
      { stdio: ['ignore', 'ignore', 'inherit'], timeout: 100_000 },
    );
    const filler = Math.floor((free() - left) / 1e6);
    command('dd', [
      'if=/dev/zero',
      `of=${join(data, 'filler')}`,
      'bs=1000000',
      `count=${filler}`,
      'status=none',
    ]);
  }, 120_000);

  afterAll(async () => {
    await real.remove();
    const ended = new Promise((resolve) => engine.once('exit', resolve));
    engine.kill('SIGTERM');
    await ended;
    command('umount', ['-R', data]);
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  test('is told as such, and with room all is well', async () => {
    const failure: unknown = await real.engine.up(real.stack, real.control).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'BAI-FILESYSTEM',
      message: expect.stringContaining('The disk is full') as string,
      more: { next: [{ command: 'docker system df' }] },
    });
    expect(await states()).not.toEqual(['healthy', 'healthy', 'healthy']);
    rmSync(join(data, 'filler'));
    await real.engine.up(real.stack, real.control);
    expect(await states()).toEqual(['healthy', 'healthy', 'healthy']);
    expect(small('ps', '-q').split('\n')).toHaveLength(3);
  });
});

/** Bridges are its own, and so are all folders; the machine's rules for packets are left alone. */
async function begin(at: { folder: string; data: string; path: string }): Promise<ChildProcess> {
  const runtime = docker('info', '--format', '{{.DefaultRuntime}}');
  const known = docker('info', '--format', `{{(index .Runtimes "${runtime}").Path}}`);
  const log = openSync(join(at.folder, 'log'), 'a');
  const child = spawn(
    'dockerd',
    [
      ...[
        '--data-root',
        at.data,
        '--exec-root',
        join(at.folder, 'exec'),
        '--pidfile',
        join(at.folder, 'pid'),
      ],
      ...['--host', `unix://${at.path}`, '--bridge', 'none', '--iptables=false', '--ip-masq=false'],
      ...['--default-address-pool', 'base=10.213.0.0/16,size=24'],
      ...(runtime === 'runc' ? [] : ['--add-runtime', `${runtime}=${known}`, '--default-runtime', runtime]),
    ],
    { stdio: ['ignore', log, log] },
  );
  closeSync(log);
  for (let tenth = 0; tenth < 300; tenth += 1) {
    try {
      docker('--host', `unix://${at.path}`, 'version');
      return child;
    } catch {
      await sleep(100);
    }
  }
  throw new Error(`the engine does not answer; its log is ${join(at.folder, 'log')}`);
}
