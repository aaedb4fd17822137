// Starting a daemon: real processes that answer, hang, die or were there before.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { launchOf } from '../../src/daemons/daemon.ts';
import { recordedProcesses } from '../../src/daemons/running.ts';
import { readRecord } from '../../src/environment/store.ts';
import { Failure } from '../../src/failure.ts';
import { spawnDetached } from '../../src/host/detach.ts';
import { processStart } from '../../src/host/proc.ts';
import { household, type Household } from './household.ts';

let house: Household | undefined;
afterEach(async () => {
  await house?.close();
});

async function failure(work: Promise<unknown>): Promise<Failure> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Failure) return error;
  throw new Error('no failure', { cause: error });
}

const recorded = async ({ world, record }: Household, name: string) =>
  recordedProcesses((await readRecord(world.host, record.spec.id))!, name);

it('starts it, waits until it answers, and enters it in the record', async () => {
  house = await household({ manager: { way: 'slowly', more: '300' } });
  expect(await house.start('manager')).toBe('started');
  expect(await (await fetch(`http://127.0.0.1:${house.port}/`)).text()).toBe('hello');
  const [entry, ...others] = await recorded(house, 'manager');
  expect(others).toEqual([]);
  expect(await house.living('manager')).toEqual([entry?.pid]);
  expect(await processStart(entry!.pid)).toBe(entry!.started);
  expect(readFileSync(house.daemon('manager').log, 'utf8')).toContain(`listens on ${house.port}`);
});

it('starts nothing twice', async () => {
  house = await household({ manager: { way: 'serve' } });
  await house.start('manager');
  const before = await house.living('manager');
  expect(await house.start('manager')).toBe('kept');
  expect(await house.living('manager')).toEqual(before);
});

it('finds one that a killed run started and did not enter', async () => {
  house = await household({ manager: { way: 'serve' } });
  const { world, record, daemon } = house;
  const { log } = daemon('manager');
  await house.start('manager', { limit: 10 });
  const [entry] = recordedProcesses(record, 'manager');
  await house.journal.dropResource(entry!);
  expect(await recorded(house, 'manager')).toEqual([]);
  expect(await house.start('manager')).toBe('kept');
  expect(await recorded(house, 'manager')).toEqual([entry]);
  expect(existsSync(`${log}.1`)).toBe(false);
  expect(world.host.variables['BAI_DEV_DAEMON']).toBeUndefined();
});

it('ends what a killed one left behind before it starts another', async () => {
  house = await household({ manager: { way: 'with-workers' } });
  await house.start('manager');
  const [main] = recordedProcesses(house.record, 'manager');
  const before = await house.living('manager');
  expect(before).toHaveLength(3);
  process.kill(main!.pid, 'SIGKILL');
  while ((await processStart(main!.pid)) !== undefined) await sleep(10);
  expect(await house.start('manager')).toBe('started');
  const now = await house.living('manager');
  expect(now).toHaveLength(3);
  expect(now.filter((pid) => before.includes(pid))).toEqual([]);
  expect(await recorded(house, 'manager')).toHaveLength(1);
});

it('tells how one ended, what it wrote last and what that means, and leaves nothing of it', async () => {
  const last = "ImportError: cannot import name 'soft_unicode' from 'markupsafe'";
  house = await household({ webserver: { way: 'die', more: last } });
  const error = await failure(house.start('webserver'));
  expect(error).toMatchObject({ code: 'BAI-UNHEALTHY', exit: 7 });
  expect(error.message).toBe('webserver ended with status 5 before it was ready.');
  expect(error.more.lines).toEqual(['it was going well', last]);
  expect(error.more.facts?.['why']).toMatch('does not have soft_unicode');
  expect(error.more.log).toBe(house.daemon('webserver').log);
  expect(await recorded(house, 'webserver')).toEqual([]);
});

it('ends one that does not get ready in time', async () => {
  house = await household({ manager: { way: 'serve', more: '500' } });
  const error = await failure(house.start('manager', { limit: 1 }));
  expect(error).toMatchObject({ code: 'BAI-UNHEALTHY' });
  expect(error.message).toBe(
    `manager was not ready within 1 s (http://127.0.0.1:${house.port}/ answers with status 500) and was stopped.`,
  );
  expect(await house.living('manager')).toEqual([]);
  expect(await recorded(house, 'manager')).toEqual([]);
});

it('refuses a port that a stranger holds, naming it, and leaves no log', async () => {
  house = await household({ manager: { way: 'serve' } });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(house!.port, '127.0.0.1', resolve));
  const error = await failure(house.start('manager'));
  server.close();
  expect(error).toMatchObject({ code: 'BAI-OCCUPIED', exit: 5 });
  expect(error.message).toContain(`Port ${house.port}, which manager of ${house.record.spec.id} needs`);
  expect(error.more.facts).toMatchObject({ pid: process.pid, port: house.port });
  expect(existsSync(house.daemon('manager').log)).toBe(false);
});

it('ends what it started when it is interrupted', async () => {
  house = await household({ manager: { way: 'slowly', more: '60000' } });
  const { box } = house;
  const error = failure(house.start('manager'));
  while ((await house.living('manager')).length === 0) await sleep(20);
  box.abort(new Failure('BAI-INTERRUPTED', 'enough'));
  expect((await error).message).toBe('enough');
  expect(await house.living('manager')).toEqual([]);
  expect(await recorded(house, 'manager')).toEqual([]);
});

it('keeps the last logs', async () => {
  house = await household({ manager: { way: 'die', more: 'once' } });
  const { log } = house.daemon('manager');
  for (let round = 0; round < 5; round += 1) await failure(house.start('manager'));
  expect([1, 2, 3, 4].map((at) => existsSync(`${log}.${at}`))).toEqual([true, true, true, false]);
});

it('takes away what would lead it astray, and says that it is ours', async () => {
  house = await household(
    { manager: { way: 'variables' } },
    { BACKEND_ETCD_ADDR: 'elsewhere:1', PYTHONPATH: '/elsewhere', PYTHONHOME: '/elsewhere', MINE: 'kept' },
  );
  const { record, world } = house;
  const error = await failure(house.start('manager'));
  const variables = JSON.parse(error.more.lines![0]!) as Record<string, string>;
  const { folder, virtualenv } = house.daemon('manager');
  expect(variables).toMatchObject({
    cwd: folder,
    MINE: 'kept',
    VIRTUAL_ENV: virtualenv,
    PYTHONUNBUFFERED: '1',
    SPT_NOENV: '1',
    BAI_DEV_ENVIRONMENT: record.spec.id,
    BAI_DEV_DAEMON: 'manager',
  });
  expect(variables['PATH']?.startsWith(`${virtualenv}/bin:`)).toBe(true);
  expect(variables['DOCKER_HOST']).toMatch(/^unix:\/\/.*no-docker\.sock$/);
  for (const name of ['BACKEND_ETCD_ADDR', 'PYTHONPATH', 'PYTHONHOME', 'BAI_DEV_RUN']) {
    expect(variables).not.toHaveProperty(name);
  }
  const docker = 'unix:///elsewhere/docker.sock';
  const launch = launchOf(world.host, record.spec, { daemon: house.daemon('manager'), docker });
  expect(launch.environment['DOCKER_HOST']).toBe(docker);
});

it('is not misled by an entry whose process ID now means another process', async () => {
  house = await household({ manager: { way: 'serve' } });
  const { journal, daemon } = house;
  const { folder } = daemon('manager');
  const other = spawn('sleep', ['60']);
  try {
    await journal.addResource({ kind: 'process', name: 'manager', pid: other.pid!, started: '1', folder });
    expect(await house.start('manager')).toBe('started');
    expect(await processStart(other.pid!)).toBeDefined();
    expect((await recorded(house, 'manager')).map(({ pid }) => pid)).not.toContain(other.pid);
  } finally {
    other.kill('SIGKILL');
  }
});

it('does not take somebody of the same folder for a daemon', async () => {
  house = await household({ manager: { way: 'serve' } });
  const { world, daemon, box } = house;
  const { folder } = daemon('manager');
  const editor = await spawnDetached(world, {
    file: 'sleep',
    args: ['60'],
    cwd: folder,
    log: `${box.folder}/log`,
  });
  expect(await house.living('manager')).toEqual([]);
  process.kill(editor.pid, 'SIGKILL');
});
