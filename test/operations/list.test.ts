// What list tells: records of every kind, folders that vanished, what others made, a switch that was cut off.
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock } from '../../src/environment/lock.ts';
import { statePaths } from '../../src/environment/names.ts';
import type { Phase } from '../../src/environment/record.ts';
import { writeRecord } from '../../src/environment/store.ts';
import { writeRestore } from '../../src/environment/restoring.ts';
import { writeSwitch } from '../../src/environment/switching.ts';
import { list, type ListRow } from '../../src/operations/list.ts';
import { sampleRecord } from '../environment/sample.ts';
import { requires } from '../rig/require.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let engine: string;
beforeEach(() => {
  box = sandbox();
  engine = `unix://${join(box.folder, 'docker.sock')}`;
  box = { ...box, world: { ...box.world, host: hostWith({ DOCKER_HOST: engine }) } };
});
afterEach(() => box.remove());

function hostWith(variables: Readonly<Record<string, string>>) {
  const { host } = box.world;
  const pyenv = join(host.home, '.pyenv');
  return { ...host, variables: { ...host.variables, PYENV_ROOT: pyenv, ...variables } };
}

async function put(id: string, phase: Phase, more: { gone?: boolean; engine?: string } = {}): Promise<void> {
  const installPath = join(box.folder, id);
  if (more.gone !== true) mkdirSync(installPath);
  const record = sampleRecord(id, { installPath });
  const spec = { ...record.spec, engineAddress: more.engine ?? engine };
  await writeRecord(box.world.host, { ...record, phase, spec });
}

async function rows(): Promise<Record<string, ListRow>> {
  const { environments } = await list(box.world);
  return Object.fromEntries(environments.map((row) => [row.id, row]));
}

/** An engine that has these containers and nothing else. */
async function engineWith(containers: readonly object[]): Promise<() => Promise<void>> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end(JSON.stringify(containers));
  });
  await new Promise<void>((resolve) => server.listen(join(box.folder, 'docker.sock'), resolve));
  return async () => {
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/^GET \/containers\/json\?all=1&/);
    await new Promise((resolve) => server.close(resolve));
  };
}

const container = (project: string, service: string, more: object = {}) => ({
  State: 'running',
  Status: 'Up 3 minutes (healthy)',
  Ports: [{ IP: '127.0.0.1', PrivatePort: 5432, PublicPort: 8101, Type: 'tcp' }],
  Labels: {
    'com.docker.compose.project': project,
    'com.docker.compose.service': service,
    'dev.bai-dev.environment': project,
  },
  ...more,
});

const services = ['backendai-half-db', 'backendai-half-redis', 'backendai-half-etcd'];

describe('states', () => {
  it.each([
    ['ready', 'ready', undefined],
    ['installing', 'half installed', 'bai-dev install -e dev'],
    ['deleting', 'half deleted', 'bai-dev delete -e dev'],
    ['kept', 'partly deleted', 'bai-dev install -e dev'],
  ] as const)('of a record that is %s', async (phase, state, command) => {
    await put('dev', phase);
    const { dev } = await rows();
    expect(dev?.state).toBe(state);
    expect(dev?.next?.command).toBe(command);
  });

  it('of one whose folder somebody removed', async () => {
    await put('dev', 'ready', { gone: true });
    expect((await rows())['dev']).toMatchObject({
      state: 'folder gone',
      next: { command: 'bai-dev install -e dev' },
    });
  });

  it.each([
    ['is no JSON', (path: string) => writeFileSync(path, '{"schema": 1,')],
    ['is of a newer program', (path: string) => writeFileSync(path, '{"schema": 99}')],
    ['lacks a part', (path: string) => writeFileSync(path, '{"schema": 1}')],
  ])('of a record that %s, beside one that is well', async (_name, damage) => {
    await put('bad', 'ready');
    await put('good', 'ready');
    damage(statePaths(box.world.host, 'bad').record);
    const { bad, good } = await rows();
    expect(bad?.state).toBe('damaged');
    expect(bad?.reason).toContain(statePaths(box.world.host, 'bad').record);
    expect(good?.state).toBe('ready');
  });

  it('of a record in a folder that is a link', async () => {
    await put('good', 'ready');
    const { host } = box.world;
    symlinkSync(statePaths(host, 'good').folder, statePaths(host, 'bad').folder);
    expect((await rows())['bad']?.state).toBe('damaged');
  });
});

describe('halfstacks', () => {
  const up = services.map((service) => container('dev', service));
  it.each([
    ['up', up],
    ['unhealthy', [...up.slice(1), { ...up[0], Status: 'Up 3 minutes (unhealthy)' }]],
    ['starting', [...up.slice(1), { ...up[0], Status: 'Up 1 second (health: starting)' }]],
    ['partly up', [...up.slice(1), { ...up[0], State: 'exited', Status: 'Exited (0) 1 hour ago' }]],
    ['stopped', up.map((one) => ({ ...one, State: 'exited', Status: 'Exited (0) 1 hour ago' }))],
    ['absent', []],
    ['foreign', [container('dev', 'backendai-half-db', { Labels: { 'com.docker.compose.project': 'dev' } })]],
  ])('%s, by one question', async (state, containers) => {
    await put('dev', 'ready');
    await put('other', 'ready');
    const close = await engineWith(containers);
    const { dev, other } = await rows();
    await close();
    expect(dev?.halfstack).toBe(state);
    expect(dev?.runs).toBe(['up', 'unhealthy', 'starting', 'partly up'].includes(state));
    expect(other?.halfstack).toBe('absent');
  });

  it('are not known where their engine does not answer', async () => {
    await put('dev', 'ready');
    const { environments, silent } = await list(box.world);
    expect(environments).toMatchObject([{ id: 'dev', halfstack: 'unknown', runs: false }]);
    expect(silent).toMatchObject([{ address: engine }]);
  });
});

describe('what others made', () => {
  it('is known by a virtualenv of the script', async () => {
    await put('mine', 'ready');
    for (const id of ['old', 'mine']) {
      mkdirSync(join(box.world.host.home, `.pyenv/versions/venv-${id}-manager`), { recursive: true });
    }
    const found = await rows();
    expect(found['old']).toMatchObject({
      state: 'foreign',
      reason: 'made by install-dev.sh',
      halfstack: 'absent',
    });
    expect(found['mine']?.state).toBe('ready');
  });

  const needed = requires('docker');
  it.skipIf(needed.skip)(needed.title('is known by a compose project of the script'), async () => {
    const id = `old${box.world.random(4)}`;
    const path = join(box.folder, 'old');
    mkdirSync(join(path, 'manager/.git'), { recursive: true });
    writeFileSync(join(path, 'manager/.git/HEAD'), 'ref: refs/heads/21.09\n');
    const labels = {
      project: id,
      service: 'backendai-half-db',
      'project.working_dir': join(path, 'backend.ai'),
    };
    const flags = Object.entries(labels).flatMap(([key, value]) => [
      '--label',
      `com.docker.compose.${key}=${value}`,
    ]);
    execFileSync('docker', ['create', '--name', id, ...flags, 'postgres:13.7-alpine'], { stdio: 'ignore' });
    try {
      box = { ...box, world: { ...box.world, host: hostWith({ DOCKER_HOST: '' }) } };
      expect((await rows())[id]).toEqual({
        ...{ id, state: 'foreign', runs: false, release: '21.09', halfstack: 'stopped', ports: [], path },
        reason: 'made by install-dev.sh',
      });
    } finally {
      execFileSync('docker', ['rm', '-f', '-v', id], { stdio: 'ignore' });
    }
  });
});

describe('a restore', () => {
  const cutOff = { snapshot: 'first', databasePassword: 'x', keys: [] };
  it.each([
    ['staging', 'restoring first was cut off, its data are the old ones', 'clear it away'],
    ['exchanging', 'restoring first was cut off', 'finish it'],
  ] as const)('that was cut off while %s is told with what mends it', async (stage, reason, purpose) => {
    await put('dev', 'ready');
    await put('other', 'ready');
    await writeRestore(box.world.host, 'dev', { stage, ...cutOff });
    const { dev, other } = await rows();
    const next = { purpose, command: 'bai-dev start dev --halfstack-only' };
    expect(dev).toMatchObject({ state: 'ready', reason, next });
    expect([other?.reason, other?.next]).toEqual([undefined, undefined]);
  });

  it('that is under way is none of these', async () => {
    await put('dev', 'ready');
    await writeRestore(box.world.host, 'dev', { stage: 'exchanging', ...cutOff });
    const lock = await acquireLock(box.world, statePaths(box.world.host, 'dev').lock, {
      command: 'snapshot restore dev first',
    });
    const { dev } = await rows();
    await lock.release();
    expect(dev?.busy).toBe('snapshot restore dev first');
    expect([dev?.reason, dev?.next]).toEqual([undefined, undefined]);
  });

  it('whose journal is broken is named, and the rest is told', async () => {
    await put('dev', 'ready');
    const path = join(statePaths(box.world.host, 'dev').folder, 'restore.json');
    writeFileSync(path, '{');
    const { dev } = await rows();
    expect(dev?.state).toBe('ready');
    expect(dev?.reason).toContain(path);
  });
});

describe('a switch', () => {
  it('that was cut off is told with the ways on', async () => {
    await writeSwitch(box.world.host, {
      ...{ schema: 1, target: 'new', daemons: false, stage: 'stopping', since: '2099-01-01T00:00:00.000Z' },
      before: [{ id: 'old', halfstack: true, daemons: [] }],
    });
    expect((await list(box.world)).switch).toEqual({
      target: 'new',
      before: ['old'],
      since: '2099-01-01T00:00:00.000Z',
      working: false,
      next: [
        { purpose: 'finish it', command: 'bai-dev switch new' },
        { purpose: 'or go back', command: 'bai-dev switch old' },
      ],
    });
  });

  it('whose journal is broken is named, and the rest is told', async () => {
    await put('dev', 'ready');
    writeFileSync(join(box.world.host.folders.state, 'switch.json'), '{');
    const { environments, trouble } = await list(box.world);
    expect(environments).toHaveLength(1);
    expect(trouble).toContain('switch.json');
  });
});
