// The daemons of real releases on both engines: started, used by upstream's own client, killed, stopped.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { StartResult } from '../../src/operations/start.ts';
import type { StatusResult } from '../../src/operations/status.ts';
import { requires } from '../rig/require.ts';
import { recordOf } from '../rig/state.ts';
import { openRelease, type RealRelease } from './environment.ts';

const needed = requires('docker', 'network', 'pyenv');
const names = ['manager', 'agent', 'storage-proxy', 'webserver'];

describe.skipIf(needed.skip).each([
  ['21.03', 'docker'],
  ['21.03', 'native'],
  ['21.09', 'docker'],
  ['21.09', 'native'],
] as const)(needed.title('the daemons of %s on the engine %s'), { timeout: 180_000 }, (version, engine) => {
  const expected = engine === 'native' ? names.filter((name) => name !== 'agent') : names;
  let release: RealRelease;
  let id: string;
  let folder: string;
  let image = '';
  let installed: string;

  const run = (...args: readonly string[]) => release.run(args);

  async function done<T>(...args: readonly string[]): Promise<T> {
    const ended = await run(...args);
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    return ended.envelope?.result as T;
  }

  const states = async (): Promise<Record<string, string>> => {
    const { rows } = await done<StatusResult>('status', id);
    return Object.fromEntries(rows.map(({ name, state }) => [name, state]));
  };

  /** Upstream's client, as its developer would run it. */
  const client = (...words: readonly string[]): string =>
    execFileSync(
      process.execPath,
      [release.program.bin, 'exec', id, 'client-py', '--']
        .concat([
          'bash',
          '-c',
          '. ./env-local-admin-api.sh > /dev/null; cd "$0"; exec backend.ai "$@"',
          folder,
        ])
        .concat(words),
      { env: { ...release.home.variables }, encoding: 'utf8', timeout: 60_000, stdio: 'pipe' },
    );

  const ready = () => Object.fromEntries(expected.map((name) => [name, 'ready']));

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bai-dev-client-'));
    release = openRelease(version, { engine });
    id = release.id('daemons');
    if (engine === 'docker') image = kernelImage();
    // the agent is there only with Docker, and this machine has no GPU for its plugin
    const ended = await run(...release.installing(id), ...(engine === 'docker' ? ['--enable-cuda'] : []));
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    installed = ended.stdout;
  }, 620_000);

  afterAll(async () => {
    await run('stop', id);
    await run('delete', '-e', id, '--yes', '--no-snapshot');
    if (image !== '') execFileSync('docker', ['rmi', image], { stdio: 'ignore', timeout: 30_000 });
    rmSync(folder, { recursive: true, force: true });
    await release.close();
  }, 120_000);

  it('get ready; without Docker all but the agent', async () => {
    const result = await done<StartResult>('start', id);
    expect(result.daemons.filter(({ outcome }) => outcome === 'started').map(({ name }) => name)).toEqual(
      expected,
    );
    expect(await states()).toMatchObject({ postgres: 'ready', redis: 'ready', etcd: 'ready', ...ready() });
    expect((await fetch(`${result.webUrl}/func/`)).status).toBe(200);
  });

  it('serve the client: users, a folder, a file that comes back', () => {
    const record = recordOf(release.home, id)!;
    expect(client(...record.spec.release.client.users)).toContain('admin@lablup.com');
    client('vfolder', 'create', 'there', 'local:volume1');
    const text = `through the storage-proxy ${id}`;
    writeFileSync(join(folder, 'note.txt'), text);
    client('vfolder', 'upload', 'there', 'note.txt');
    rmSync(join(folder, 'note.txt'));
    client('vfolder', 'download', 'there', 'note.txt');
    expect(readFileSync(join(folder, 'note.txt'), 'utf8')).toBe(text);
  });

  // each engine has the one that fits it: in CI a test that is left out counts as failed
  if (engine === 'docker') {
    it('have an agent that the client calls ALIVE', () => {
      expect(client(...recordOf(release.home, id)!.spec.release.client.agents)).toContain('ALIVE');
    });

    it('go on without the GPU that the agent’s plugin misses, and say so', async () => {
      expect(installed).toContain('nvidia.driver-absent');
      expect(installed).toContain('--enable-cuda-mock');
      const { healthy, rows } = await done<StatusResult>('status', id);
      const agent = rows.find(({ name }) => name === 'agent');
      expect([healthy, agent?.state]).toEqual([true, 'ready']);
      expect(Object.keys(agent?.slots ?? {}).sort()).toEqual(['cpu', 'mem']);
      expect(agent?.detail).toBe('no cuda.device: nvidia-docker is not installed');
    });

    it('know the kernel images that Docker has, and name those that it lacks', async () => {
      const words = version === '21.03' ? ['admin', 'images'] : ['admin', 'image', 'list'];
      const tag = image.slice(image.lastIndexOf(':') + 1);
      // the client lists them once the agent has looked at its engine, which it does every few seconds
      await vi.waitFor(() => expect(client(...words)).toContain(tag), { timeout: 90_000, interval: 2000 });
      expect(installed).toContain('kernels.registry');
    });
  } else {
    it('fail with the reason where the agent is asked for by name', async () => {
      const { exit, envelope } = await run('start', id, '--only', 'agent');
      expect([exit, envelope?.failure?.code]).toEqual([7, 'BAI-UNHEALTHY']);
      expect(envelope?.failure?.reason).toContain('It needs Docker: there is no Docker engine');
    });
  }

  it('come back after each of their processes was killed', { timeout: 400_000 }, async () => {
    for (const name of expected) {
      for (const victim of carrying(id, name)) {
        try {
          process.kill(victim, 'SIGKILL');
        } catch {
          continue; // it went with the one before
        }
        await sleep(300);
        await done('start', id);
        expect(await states(), `${name} ${victim}`).toMatchObject(ready());
      }
    }
  });

  it('come back at once after a worker alone was killed', async () => {
    const name = expected.includes('agent') ? 'agent' : 'manager';
    const worker = carrying(id, name).at(-1)!;
    process.kill(worker, 'SIGKILL');
    await sleep(300);
    await done('start', id, '--timeout', '60');
    expect(await states()).toMatchObject(ready());
    expect(carrying(id, name)).not.toContain(worker);
  });

  it('come back after the command that starts them was killed', { timeout: 400_000 }, async () => {
    // each daemon is entered when it is started, and again when it answers
    const entries = 2 * expected.length;
    for (const entry of [1, 2, expected.length + 1, entries]) {
      await done('stop', id);
      const starting = await release.run(['start', id], { kill: `record:${entry}` });
      expect(starting.signal, `${entry} of ${entries}: ${starting.stdout}`).toBe('SIGKILL');
      await done('start', id);
      expect(await states(), `killed before entry ${entry} of ${entries}`).toMatchObject(ready());
    }
  });

  it('end with all that they started', async () => {
    await done('stop', id);
    expect(expected.flatMap((name) => carrying(id, name))).toEqual([]);
    expect(await states()).toMatchObject({ postgres: 'stopped', redis: 'stopped', etcd: 'stopped' });
  });
});

/** An image that looks like a kernel's, under a name of its own. */
function kernelImage(): string {
  // a tag as the manager reads them: a version, then platforms
  const name = `cr.backend.ai/stable/bai-dev-test:1.0-dev${Date.now()}`;
  const labels = [
    'ai.backend.kernelspec=1',
    'ai.backend.resource.min.cpu=1',
    'ai.backend.resource.min.mem=64m',
  ];
  const changes = labels.flatMap((label) => ['-c', `LABEL ${label}`]);
  execFileSync('docker', ['import', ...changes, '-', name], {
    // an empty archive
    input: Buffer.alloc(1024),
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: 30_000,
  });
  return name;
}

/**
 * Processes of a daemon, found by what they carry, the oldest first: with a parent its workers end, while a parent
 * whose worker alone was killed lives on.
 */
function carrying(id: string, name: string): number[] {
  const marks = [`BAI_DEV_ENVIRONMENT=${id}`, `BAI_DEV_DAEMON=${name}`];
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        return marks.every((mark) => variables.includes(mark));
      } catch {
        return false;
      }
    })
    .map(Number)
    .sort((a, b) => startOf(a) - startOf(b));
}

/** When a process began, in the kernel's ticks. */
function startOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')')).split(' ')[20]);
}
