import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock } from '../../src/environment/lock.ts';
import { writeRecord } from '../../src/environment/store.ts';
import type { Servers } from '../../src/environment/servers.ts';
import { packageFolder } from '../../src/halfstack/native/fetch.ts';
import { kindOf } from '../../src/host/files.ts';
import { pruneCache, showCache } from '../../src/operations/cache.ts';
import { uvPin } from '../../src/python/uv.ts';
import { sampleRecord } from '../environment/sample.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

const packed = (name: string) => ({
  ...{ source: 'npm', version: '13', package: name, release: '13.23.0', file: `${name}.tgz` },
  ...{ sha256: name[0]!.repeat(64), bytes: 1, program: 'native/bin/x' },
});
const system = { source: 'path', version: '7', program: '/usr/bin/redis-server' };
const servers = { postgres: packed('aaa'), redis: system, etcd: packed('bbb') } as Servers;
const archive = 'd'.repeat(64);

let box: Sandbox;
beforeEach(() => {
  box = sandbox();
});
afterEach(() => box.remove());

const cache = (...parts: string[]): string => join(box.world.host.folders.cache, ...parts);

function put(path: string, size = 20_000): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.alloc(size, 1));
  return path;
}

/** Something of every kind; what an environment of `servers` needs, and what none does. */
function fill(): { needed: string[]; unneeded: string[] } {
  const { host } = box.world;
  const own = packageFolder(host, packed('aaa') as Parameters<typeof packageFolder>[1]);
  const needed = [
    put(cache('uv', uvPin(host).version, 'uv')),
    put(cache('uv/packages/wheels/one.whl'), 3_000_000),
    put(cache('python/cpython-3.9.18/bin/python3')),
    put(join(own, 'native/bin/x')),
    put(cache('resolutions/abc.txt')),
    put(cache('downloads', uvPin(host).wheel.sha256, 'uv.whl')),
  ];
  const unneeded = [
    put(cache('uv/0.0.1/uv')),
    put(cache('python/cpython-3.8.0/bin/python3')),
    put(cache('servers/linux-x64-12.0.0-cccccccccccc/native/bin/x'), 1_000_000),
    put(cache('downloads', archive, 'old.tar.gz')),
  ];
  put(cache('notes.txt'));
  linkSync(needed[1]!, cache('uv/packages/wheels/same.whl'));
  return { needed, unneeded };
}

const install = () => {
  const record = sampleRecord('dev');
  const path = cache('python/cpython-3.9.18/bin/python3');
  const python = { version: '3.9.18', path };
  return writeRecord(box.world.host, {
    ...record,
    spec: { ...record.spec, engine: 'native', servers, python },
  });
};

describe('the cache', () => {
  it('is measured by kind as du does, with what no environment needs', async () => {
    fill();
    await install();
    const { rows, bytes } = await showCache(box.world);
    const [said = ''] = execFileSync('du', ['-s', '--block-size=1', cache()], { encoding: 'utf8' }).split(
      '\t',
    );
    expect(Math.abs(bytes - Number(said)) / Number(said)).toBeLessThan(0.02);
    expect(rows.reduce((sum, row) => sum + row.bytes, 0)).toBe(bytes);
    const unneeded = Object.fromEntries(rows.map((row) => [row.kind, row.unneeded > 0]));
    expect(unneeded).toEqual({
      ...{ uv: true, packages: false, python: true, servers: true },
      ...{ resolutions: false, downloads: true, other: false },
    });
    expect(rows.find(({ kind }) => kind === 'packages')!.bytes).toBeLessThan(3_200_000);
  });

  it('is pruned after a yes of what no environment needs, and of nothing else', async () => {
    const { needed, unneeded } = fill();
    await install();
    await expect(pruneCache(box.world, { yes: false })).rejects.toMatchObject({
      code: 'BAI-QUESTION',
      more: { next: [{ command: 'bai-dev cache prune --yes' }] },
    });
    const { freed, bytes } = await pruneCache(box.world, { yes: true });
    expect(freed).toBeGreaterThan(1_000_000);
    expect((await showCache(box.world)).bytes).toBe(bytes);
    for (const path of needed) expect(await kindOf(path), path).toBe('file');
    for (const path of unneeded) expect(await kindOf(path), path).toBeUndefined();
    expect(await pruneCache(box.world, { yes: false })).toMatchObject({ removed: [], freed: 0 });
  });

  it('is emptied where there is no environment, but for what bai-dev does not know', async () => {
    const { needed } = fill();
    await pruneCache(box.world, { yes: true });
    for (const path of needed) expect(await kindOf(path), path).toBeUndefined();
    expect(await kindOf(cache('notes.txt'))).toBe('file');
  });

  it('is left alone while a record cannot be read, or an install takes its ports', async () => {
    const { unneeded } = fill();
    await install();
    const lock = await acquireLock(box.world, join(box.world.host.folders.state, 'leases.lock'), {
      command: 'install -e other',
    });
    const pruning = pruneCache(box.world, { yes: true });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await kindOf(unneeded[0]!)).toBe('file');
    await lock.release();
    await pruning;
    put(unneeded[0]!);
    const { state } = box.world.host.folders;
    writeFileSync(join(state, 'environments/dev/record.json'), '{');
    await expect(pruneCache(box.world, { yes: true })).rejects.toMatchObject({
      code: 'BAI-RECORD-UNREADABLE',
    });
    expect(await kindOf(unneeded[0]!)).toBe('file');
  });
});
