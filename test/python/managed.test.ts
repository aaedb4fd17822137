import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { askMirror, installManaged, isInstalled, managedPython } from '../../src/python/managed.ts';
import { provideUv } from '../../src/python/uv.ts';
import { loadCatalogue } from '../../src/release/catalogue.ts';
import type { World } from '../../src/world.ts';
import { startIndex, type Index } from '../rig/index.ts';
import { startMirror, type Mirror } from '../rig/mirror.ts';
import { requires } from '../rig/require.ts';
import { repository, sandbox, type Sandbox } from '../rig/world.ts';

const needed = requires('network', 'pyenv');

let box: Sandbox;
beforeEach(
  () => (box = sandbox({ variables: { UV_PYTHON_INSTALL_MIRROR: undefined, UV_HTTP_RETRIES: '0' } })),
);
afterEach(() => box.remove());

describe('the pinned builds', () => {
  it('hold one for every release on every platform, in our own cache', async () => {
    const { releases } = await loadCatalogue(repository);
    for (const { python } of releases) {
      for (const platform of ['linux', 'darwin'] as const) {
        for (const architecture of ['x64', 'arm64']) {
          const found = managedPython({ ...box.world.host, platform, architecture }, python);
          expect(found?.version, `${python} on ${platform}-${architecture}`).toMatch(`${python}.`);
          expect(found?.path).toContain(join(box.world.host.folders.cache, 'python'));
        }
      }
    }
    expect(managedPython({ ...box.world.host, architecture: 'mips' }, '3.9')).toBeUndefined();
    expect(managedPython(box.world.host, '3.9.1')).toBeUndefined();
  });
});

describe.skipIf(needed.skip)(needed.title('a Python that uv brings'), () => {
  let mirror: Mirror;
  let index: Index;
  beforeAll(async () => {
    mirror = await startMirror();
    index = await startIndex({ forward: ['uv'] });
  });
  afterAll(async () => {
    await mirror.close();
    await index.close();
  });

  /** The same world with the mirror's build as the pinned one. */
  const there = (address = mirror.url): World => {
    const assets = join(box.folder, 'assets');
    if (!existsSync(assets))
      cpSync(join(repository, 'templates'), join(assets, 'templates'), { recursive: true });
    writeFileSync(join(assets, 'templates/python.json'), mirror.pins);
    const { host } = box.world;
    const variables = { ...host.variables, UV_PYTHON_INSTALL_MIRROR: address };
    return { ...box.world, host: { ...host, assets, variables } };
  };
  const pinned = (world: World) => managedPython(world.host, mirror.version)!;

  it('is asked for without being fetched', async () => {
    mirror.instead = undefined;
    const world = there();
    const { bytes } = await askMirror(world, pinned(world));
    expect(bytes).toBeGreaterThan(1_000_000);
    mirror.instead = 'nothing';
    expect(await askMirror(world, pinned(world))).toEqual({
      trouble: `${mirror.url}${mirror.path} answers with status 404.`,
    });
    mirror.instead = undefined;
    const closed = there('http://me:secret@127.0.0.1:1/builds/');
    const { trouble } = await askMirror(closed, pinned(closed));
    expect(trouble).toMatch(/^http:\/\/127\.0\.0\.1:1\/builds\/\d+\/\S+ could not be reached: /);
    const wrong = there('somewhere');
    expect((await askMirror(wrong, pinned(wrong))).trouble).toContain('UV_PYTHON_INSTALL_MIRROR');
    const folder = there(`file://${box.folder}`);
    expect((await askMirror(folder, pinned(folder))).trouble).toContain(box.folder);
    mkdirSync(join(box.folder, '20990101'));
    writeFileSync(join(box.folder, decodeURIComponent(mirror.path)), '');
    expect(await askMirror(folder, pinned(folder))).toEqual({});
  });

  it('is brought once, whole and true, and lies in our cache alone', async () => {
    const world = there();
    const uv = await provideUv(world, { index: index.url, progress: () => undefined });
    const python = pinned(world);
    const wish = { ...python, uv, index: index.url, onLine: () => undefined };
    mirror.instead = 'another';
    await expect(installManaged(world, wish)).rejects.toMatchObject({ code: 'BAI-PYTHON-INSTALL' });
    expect(await isInstalled(python)).toBe(false);
    mirror.instead = undefined;
    await Promise.all([installManaged(world, wish), installManaged(world, wish)]);
    const said = execFileSync(python.path, ['-c', 'import platform, ssl; print(platform.python_version())']);
    expect(said.toString().trim()).toBe(mirror.version);
    mirror.requests.length = 0;
    await installManaged(world, wish);
    expect(mirror.requests).toEqual([]);
    expect(readdirSync(world.host.home)).toEqual(['.cache']);
    expect(readdirSync(join(world.host.home, '.cache'))).toEqual(['bai-dev']);
  }, 60_000);

  it('tells the mirror when it does not answer any more, and never its password', async () => {
    const world = there('http://me:secret@127.0.0.1:1');
    const uv = await provideUv(world, { index: index.url, progress: () => undefined });
    const failure: unknown = await installManaged(world, {
      ...{ ...pinned(world), uv, index: index.url, onLine: () => undefined },
    }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'BAI-NETWORK' });
    expect(JSON.stringify([failure, box.events])).not.toContain('secret');
  }, 60_000);
});
