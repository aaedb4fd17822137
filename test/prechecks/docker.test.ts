import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { environmentLabels } from '../../src/docker/labels.ts';
import { checkDocker } from '../../src/prechecks/docker.ts';
import type { Draft } from '../../src/prechecks/draft.ts';
import { servicesOf } from '../../src/release/release.ts';
import { faultyEngine, replies, version, type FaultyEngine, type Reply } from '../docker/engine.ts';
import { sampleRecord, sampleRelease } from '../environment/sample.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { draftIn, said } from './asking.ts';

let box: Sandbox;
let draft: Draft;
let socket: string;
let engine: FaultyEngine | undefined;
beforeEach(() => {
  box = sandbox();
  socket = join(box.folder, 'docker.sock');
  at(`unix://${socket}`);
  draft = draftIn(box);
});
afterEach(async () => {
  await engine?.close();
  engine = undefined;
  box.remove();
});

const at = (address: string): void => void Object.assign(box.world.host.variables, { DOCKER_HOST: address });
const answer = async (reply: Reply): Promise<void> => {
  engine = await faultyEngine(socket, reply);
};
const check = () => checkDocker(box.world, draft);

type Table = Parameters<typeof replies>[0];
const services = servicesOf(sampleRelease).map(({ service }) => service);
const images: Table = Object.fromEntries(
  services.map(({ image }) => [`/images/${image}/json`, [200, { Id: 'sha256:1', Size: 60_000_000 }]]),
);
const well: Table = { '/version': version('1.45'), '/containers/json': [200, []], ...images };

describe('an engine that cannot be used', () => {
  test('is not there', async () => {
    expect(await said(check())).toEqual(['docker.socket blocker']);
    expect((await check()).findings[0]?.reason).toBe(
      `There is no socket at ${socket}, which DOCKER_HOST names.`,
    );
  });

  test('is down', async () => {
    const code = `require('net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', code], { timeout: 10_000 });
    expect(await said(check())).toEqual(['docker.down blocker']);
    expect((await check()).findings[0]?.next?.[0]?.command).toBe('sudo systemctl start docker');
  });

  test('is too old', async () => {
    await answer(replies({ '/version': version('1.30') }));
    expect(await said(check())).toEqual(['docker.version blocker']);
  });

  test('refuses this user', async () => {
    // what a proxy of the socket, or an authorization plugin, answers; the file's own mode is tried in test/docker
    await answer(replies({ '/version': [403, { message: 'authorization denied by plugin' }] }));
    expect(await said(check())).toEqual(['docker.permission blocker']);
    expect((await check()).findings[0]?.next?.[0]?.command).toBe('sudo usermod -aG docker $USER');
  });

  test('is elsewhere', async () => {
    at('ssh://me@server');
    expect(await said(check())).toEqual(['docker.remote blocker']);
  });

  test('goes away while it is asked', async () => {
    await answer((request, response) => {
      if (request.url === '/version') replies(well)(request, response);
      else response.destroy();
    });
    expect(await said(check())).toEqual(['docker.down blocker']);
  });

  test('brings no facts', async () => {
    expect((await check()).facts).toBeUndefined();
  });
});

describe('images', () => {
  test('that are there', async () => {
    await answer(replies(well));
    const { findings, facts } = await check();
    expect(findings.map(({ title }) => title)).toEqual([
      'Docker 99.0.0 answers',
      '3 images are there (180 MB)',
      'Its names are free in Docker',
    ]);
    expect(facts).toEqual({ address: `unix://${socket}` });
  });

  test('that are to be pulled are a note, and a warning where the registry does not give them', async () => {
    const image = services[0]!.image;
    const missing = { ...well, [`/images/${image}/json`]: [404, { message: 'No such image' }] } as const;
    const table: Record<string, Table[string]> = { ...missing, [`/distribution/${image}/json`]: [200, {}] };
    await answer(replies(table));
    expect(await said(check())).toEqual(['docker.engine ok', 'docker.images note', 'docker.names ok']);
    table[`/distribution/${image}/json`] = [500, { message: 'dial tcp: lookup registry: no such host' }];
    expect(await said(check())).toEqual(['docker.engine ok', 'docker.images warning', 'docker.names ok']);
  });
});

describe('names', () => {
  const container = `mine-${services[0]!.name}-1`;
  const found = (labels: object): Table => ({
    ...well,
    [`/containers/${container}/json`]: [
      200,
      {
        Id: '1',
        Name: `/${container}`,
        Config: { Labels: labels },
        State: { Status: 'running' },
        NetworkSettings: { Networks: {} },
      },
    ],
  });

  test('of strangers', async () => {
    await answer(replies(found({ 'com.docker.compose.project': 'mine' })));
    const { findings, facts } = await check();
    expect(findings).toMatchObject([{}, {}, { id: 'docker.names', severity: 'blocker' }]);
    expect(findings[2]?.reason).toContain(`container ${container}`);
    expect(facts).toBeUndefined();
  });

  /** As older versions labelled: without an owner. */
  const older = (user: string) => ({ 'dev.bai-dev.environment': 'mine', 'dev.bai-dev.user': user });

  test.each<[string, Record<string, string>]>([
    ['of another state folder', { ...environmentLabels('mine', 'another'), 'dev.bai-dev.user': 'tester' }],
    ['of another user, of an older version', older('somebody')],
    ['of nobody knows whom, of an older version', older('tester')],
  ])('of an environment of the same ID, %s, are never said to be removable', async (_what, labels) => {
    await answer(replies(found(labels)));
    const { findings } = await check();
    expect(findings).toMatchObject([{}, {}, { id: 'docker.names', severity: 'blocker' }]);
    expect(findings[2]?.reason).toContain('of another user or another state folder');
    expect(JSON.stringify(findings)).not.toMatch(/docker (rm|volume rm|network rm)/);
  });

  test('of the compose project, whatever they are called', async () => {
    await answer(replies({ ...well, '/containers/json': [200, [{ Names: ['/mine_db_1'], Labels: {} }]] }));
    expect((await check()).findings[2]?.reason).toContain('container mine_db_1');
  });

  test('of an environment whose record is gone are left over, and with its record they are its own', async () => {
    await answer(replies(found(environmentLabels('mine', box.world.host.owner))));
    expect(await said(check())).toContain('docker.leftovers blocker');
    const record = sampleRecord('mine');
    record.spec = { ...record.spec, engineAddress: `unix://${socket}` };
    const again = await checkDocker(box.world, { ...draft, record });
    expect(again.findings.map(({ severity }) => severity)).toEqual(['ok', 'ok', 'ok']);
  });

  test('a recorded environment is looked for in its own engine only', async () => {
    await answer(replies(well));
    const record = sampleRecord('mine');
    record.spec = { ...record.spec, engineAddress: 'unix:///nowhere/docker.sock' };
    expect(await said(checkDocker(box.world, { ...draft, record }))).toEqual(['docker.socket blocker']);
    expect(engine?.requests).toEqual([]);
  });
});
