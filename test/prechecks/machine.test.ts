// The prechecks that ask the machine itself: platform, ports, room, path, names, lock.
import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseId } from '../../src/environment/id.ts';
import { acquireLock } from '../../src/environment/lock.ts';
import { statePaths } from '../../src/environment/names.ts';
import { blockPorts } from '../../src/environment/ports.ts';
import { writeRecord } from '../../src/environment/store.ts';
import type { Checked, Draft } from '../../src/prechecks/draft.ts';
import { checkLock, checkNames } from '../../src/prechecks/names.ts';
import { checkPath } from '../../src/prechecks/path.ts';
import { checkPlatform } from '../../src/prechecks/platform.ts';
import { checkPorts } from '../../src/prechecks/ports.ts';
import { checkRoom } from '../../src/prechecks/room.ts';
import type { Host } from '../../src/world.ts';
import { sampleRecord, sampleRelease } from '../environment/sample.ts';
import { repository, sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let draft: Draft;
const servers: Server[] = [];
const quiet = 26_000;

beforeEach(() => {
  box = sandbox({ variables: { PYENV_ROOT: undefined } });
  draft = {
    id: parseId('mine'),
    installPath: join(box.folder, 'install'),
    release: sampleRelease,
    ports: { base: quiet, single: {} },
    index: 'https://example.test/simple',
  };
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  box.remove();
});

/** `id severity` of every finding; a blocker always says why and what to do. */
async function said(checked: Promise<Checked<unknown>>): Promise<string[]> {
  const { findings } = await checked;
  for (const { severity, reason, next } of findings.filter((finding) => finding.severity === 'blocker')) {
    expect({ severity, reason: reason !== undefined, next: next?.length !== 0 }).toEqual({
      severity: 'blocker',
      reason: true,
      next: true,
    });
  }
  return findings.map(({ id, severity }) => `${id} ${severity}`);
}

describe('the platform', () => {
  test.each<[Partial<Host>, string]>([
    [{ platform: 'linux', architecture: 'x64' }, 'platform.ok ok'],
    [{ platform: 'darwin', architecture: 'arm64' }, 'platform.ok ok'],
    [{ platform: 'win32', architecture: 'x64' }, 'platform.windows blocker'],
    [{ platform: 'freebsd', architecture: 'x64' }, 'platform.unsupported blocker'],
    [{ platform: 'linux', architecture: 's390x' }, 'platform.unsupported blocker'],
  ])('%j is told', async (change, finding) => {
    const world = { ...box.world, host: { ...box.world.host, ...change } };
    expect(await said(checkPlatform(world, draft))).toContain(finding);
  });

  test('root is noted, others are not', async () => {
    for (const [uid, noted] of [
      [0, true],
      [1000, false],
    ] as const) {
      const world = { ...box.world, host: { ...box.world.host, user: { uid, gid: uid, name: 'u' } } };
      expect((await said(checkPlatform(world, draft))).includes('platform.root note')).toBe(noted);
    }
  });

  test('a release whose binaries do not exist for it is warned of', async () => {
    const [name, tree] = Object.entries(sampleRelease.trees)[0]!;
    const binaries = { 'plan9-x64': { file: 'f.whl', sha256: '0'.repeat(64), bytes: 1 } };
    const release = { ...sampleRelease, trees: { [name]: { ...tree, binaries } } };
    expect(await said(checkPlatform(box.world, { ...draft, release }))).toContain(
      'platform.binaries warning',
    );
  });
});

describe('ports', () => {
  test('that were asked for and are free are facts', async () => {
    expect(await checkPorts(box.world, draft)).toMatchObject({
      findings: [{ id: 'ports.ok', severity: 'ok' }],
      facts: { base: quiet, ports: blockPorts(quiet) },
    });
  });

  test('that were asked for and are taken are blockers that name the flag and the holder', async () => {
    const server = createServer().listen({ host: '127.0.0.1', port: quiet + 900 });
    servers.push(server);
    await once(server, 'listening');
    const ports = { single: { postgres: quiet + 900 } };
    const { findings, facts } = await checkPorts(box.world, { ...draft, ports });
    expect(facts).toBeUndefined();
    expect(findings).toMatchObject([
      { id: 'ports.taken', severity: 'blocker', title: `--postgres-port ${quiet + 900} is taken` },
    ]);
    expect(findings[0]?.reason).toMatch(
      new RegExp(`\\(pid ${process.pid}\\) holds it, started by \\w+, .* ago|just now`),
    );
    await said(checkPorts(box.world, { ...draft, ports }));
  });

  test('a default that another environment has leased is a note that names the block', async () => {
    await writeRecord(box.world.host, sampleRecord('other'));
    const { findings, facts } = await checkPorts(box.world, { ...draft, ports: { single: {} } });
    expect(findings.map(({ id, severity }) => `${id} ${severity}`)).toEqual([
      'ports.leased note',
      'ports.ok ok',
    ]);
    expect(findings[0]?.title).toContain(String(facts?.base));
    expect(findings[0]?.reason).toContain('other');
  });

  test('of an existing environment stay what they are, whoever listens there', async () => {
    const record = sampleRecord('mine', { base: quiet, ports: blockPorts(quiet) });
    const server = createServer().listen({ host: '127.0.0.1', port: quiet });
    servers.push(server);
    await once(server, 'listening');
    const checked = await checkPorts(box.world, { ...draft, ports: { single: record.spec.ports }, record });
    expect(checked.facts).toEqual({ base: quiet, ports: record.spec.ports });
  });

  test('a broken record of another environment is no obstacle', async () => {
    await writeRecord(box.world.host, sampleRecord('other'));
    writeFileSync(statePaths(box.world.host, 'other').record, 'x');
    expect(await said(checkPorts(box.world, draft))).toEqual(['ports.ok ok']);
  });
});

describe('room', () => {
  const needing = (disk: number, memory: number): Draft => ({
    ...draft,
    release: { ...sampleRelease, needs: { disk, memory } },
  });

  test('that is there is fine', async () => {
    const findings = await said(checkRoom(box.world, needing(1, 1)));
    expect(new Set(findings)).toEqual(new Set(['room.disk ok', 'room.memory ok']));
  });

  test('that lacks is a blocker for the disk, and a note for the memory', async () => {
    const findings = await said(checkRoom(box.world, needing(1e18, 1e18)));
    expect(new Set(findings)).toEqual(new Set(['room.disk blocker', 'room.memory note']));
  });

  test('that an existing environment lacks is a warning: it has used its share already', async () => {
    const findings = await said(checkRoom(box.world, { ...needing(1e18, 1), record: sampleRecord('mine') }));
    expect(findings).toContain('room.disk warning');
  });

  test('on several file systems is asked for by share', async () => {
    // /dev/shm and the sandbox are two; a place on each of them needs a part of the whole
    if (!existsSync('/dev/shm')) return;
    const { findings } = await checkRoom(box.world, { ...needing(3e18, 1), installPath: '/dev/shm/mine' });
    const reasons = findings.filter(({ id }) => id === 'room.disk').map(({ reason }) => reason);
    expect(reasons).toHaveLength(2);
    expect(reasons.join()).toContain('1000000000.0 GB');
    expect(reasons.join()).toContain('2000000000.0 GB');
  });
});

describe('the install path', () => {
  const at = (installPath: string, more: Partial<Draft> = {}) =>
    said(checkPath(box.world, { ...draft, installPath, ...more }));

  test('may be new, or empty', async () => {
    expect(await at(join(box.folder, 'a/b/c'))).toEqual(['path.ok ok']);
    mkdirSync(join(box.folder, 'empty'));
    expect(await at(join(box.folder, 'empty'))).toEqual(['path.ok ok']);
    expect(existsSync(join(box.folder, 'a'))).toBe(false);
  });

  test('may not hold anything, unless it is that of our own record', async () => {
    const path = join(box.folder, 'full');
    mkdirSync(path);
    writeFileSync(join(path, 'file'), '');
    expect(await at(path)).toEqual(['path.occupied blocker']);
    const record = sampleRecord('mine', { installPath: path });
    await writeRecord(box.world.host, record);
    writeFileSync(join(path, '.bai-dev'), 'mine\n');
    expect(await at(path, { record })).toEqual(['path.ok ok']);
  });

  test('may not be what an environment left whose record is gone', async () => {
    const path = join(box.folder, 'left');
    mkdirSync(path);
    writeFileSync(join(path, '.bai-dev'), 'mine\n');
    expect(await at(path)).toEqual(['path.occupied blocker']);
  });

  test('may not be a file, below a file, or a link', async () => {
    writeFileSync(join(box.folder, 'file'), '');
    mkdirSync(join(box.folder, 'target'));
    symlinkSync(join(box.folder, 'target'), join(box.folder, 'link'));
    expect(await at(join(box.folder, 'file'))).toEqual(['path.not-a-folder blocker']);
    expect(await at(join(box.folder, 'file/below'))).toEqual(['path.not-a-folder blocker']);
    expect(await at(join(box.folder, 'link'))).toEqual(['path.link blocker']);
    expect(await at(join(box.folder, 'link/below'))).toEqual(['path.ok ok']);
  });

  test('may not be inside another environment, around one, or in the same place', async () => {
    const theirs = join(box.folder, 'theirs/env');
    await writeRecord(box.world.host, sampleRecord('theirs', { installPath: theirs }));
    for (const path of [theirs, join(theirs, 'inside'), dirname(theirs)]) {
      expect(await at(path)).toEqual(['path.inside blocker']);
    }
    expect(await at(`${theirs}-2`)).toEqual(['path.ok ok']);
    // known by its marker only: of another state folder, say
    mkdirSync(join(box.folder, 'marked/deep'), { recursive: true });
    writeFileSync(join(box.folder, 'marked/.bai-dev'), 'foreign\n');
    expect(await at(join(box.folder, 'marked/deep/er'))).toEqual(['path.inside blocker']);
  });

  test("may not mix with bai-dev's own folders", async () => {
    const { folders } = box.world.host;
    for (const path of [folders.state, join(folders.cache, 'x'), dirname(folders.config)]) {
      expect(await at(path)).toEqual(['path.own blocker']);
    }
  });

  test('may not be where nothing can be made', async () => {
    // root may write anywhere, so another user is asked
    const program = join(box.folder, 'program.mjs');
    const source = `import { isWritable } from './src/host/files.ts';
for (const folder of process.argv.slice(2)) console.log(await isWritable(folder));`;
    const stdin = { contents: source, resolveDir: repository };
    await build({
      stdin,
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    });
    chmodSync(box.folder, 0o755);
    const folders = ['locked', 'open'].map((name) => join(box.folder, name));
    mkdirSync(folders[0]!, { mode: 0o555 });
    mkdirSync(folders[1]!);
    chmodSync(folders[1]!, 0o777);
    const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    const child = spawnSync(process.execPath, [program, ...folders], {
      encoding: 'utf8',
      cwd: '/',
      ...nobody,
    });
    expect(child.stdout.split('\n')).toEqual(['false', 'true', '']);
    // and a file system that is read-only refuses root as well, where this machine has one
    const readOnly = ['/sys', '/proc/sys'].find((folder) => !isWritableNow(folder));
    if (readOnly !== undefined)
      expect(await at(join(readOnly, 'mine'))).toEqual(['path.not-writable blocker']);
  });

  test('may not be longer than the file system allows', async () => {
    expect(await at(join(box.folder, 'x'.repeat(300)))).toEqual(['path.unreadable blocker']);
  });
});

describe('names', () => {
  const suffix = Object.values(sampleRelease.virtualenvs)[0]!.suffix;
  const name = `venv-mine-${suffix}`;

  test.each(['versions', 'versions/3.9.18/envs'])(
    'a virtualenv in %s that nobody recorded is a blocker',
    async (place) => {
      expect(await said(checkNames(box.world, draft))).toEqual(['names.virtualenvs ok']);
      const path = join(box.world.host.home, '.pyenv', place, name);
      mkdirSync(path, { recursive: true });
      const { findings } = await checkNames(box.world, draft);
      expect(findings).toMatchObject([{ id: 'names.virtualenvs', severity: 'blocker' }]);
      expect(findings[0]?.reason).toContain(path);
      const record = sampleRecord('mine');
      record.resources = [{ kind: 'virtualenv', name, path }];
      expect(await said(checkNames(box.world, { ...draft, record }))).toEqual(['names.virtualenvs ok']);
    },
  );

  test('a link that leads nowhere is one too, and PYENV_ROOT is obeyed', async () => {
    const root = join(box.folder, 'pyenv');
    mkdirSync(join(root, 'versions'), { recursive: true });
    symlinkSync('/nowhere', join(root, 'versions', name));
    const { host } = box.world;
    const world = { ...box.world, host: { ...host, variables: { ...host.variables, PYENV_ROOT: root } } };
    expect(await said(checkNames(world, draft))).toEqual(['names.virtualenvs blocker']);
    expect(await said(checkNames(box.world, draft))).toEqual(['names.virtualenvs ok']);
  });

  test("another environment's virtualenvs do not clash, also if its ID begins alike", async () => {
    mkdirSync(join(box.world.host.home, `.pyenv/versions/venv-mine-too-${suffix}`), { recursive: true });
    expect(await said(checkNames(box.world, draft))).toEqual(['names.virtualenvs ok']);
  });
});

describe('the lock', () => {
  test('that somebody holds is a blocker that names the holder', async () => {
    expect(await said(checkLock(box.world, draft))).toEqual([]);
    const lock = await acquireLock(box.world, statePaths(box.world.host, 'mine').lock, {
      command: 'install -e mine',
    });
    const { findings } = await checkLock(box.world, draft);
    expect(findings).toMatchObject([{ id: 'environment.locked', severity: 'blocker' }]);
    expect(findings[0]?.reason).toContain(`install -e mine, process ${process.pid}`);
    await lock.release();
    expect(await said(checkLock(box.world, draft))).toEqual([]);
  });
});

function isWritableNow(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
