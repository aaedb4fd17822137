import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { spawnDetached, type Detached } from '../../src/host/detach.ts';
import { processStart } from '../../src/host/proc.ts';
import { forEnvironment, type World } from '../../src/world.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let world: World;
const started: number[] = [];

beforeEach(() => {
  box = sandbox();
  world = forEnvironment(box.world, 'dev1');
});
afterEach(() => {
  for (const pid of started.splice(0)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // ended by itself
    }
  }
  box.remove();
});

async function start(script: string, more: Partial<Detached> = {}) {
  const log = join(box.folder, 'server.log');
  const found = await spawnDetached(world, {
    file: process.execPath,
    args: ['-e', script],
    cwd: box.folder,
    log,
    ...more,
  });
  started.push(found.pid);
  return { ...found, log };
}

async function until<T>(ask: () => Promise<T | undefined | false>): Promise<T> {
  for (const end = Date.now() + 10_000; Date.now() < end;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it did not happen within 10 s');
}

const text = (path: string) => readFile(path, 'utf8').catch(() => '');

test('a server leads a session of its own and its start time names it', async () => {
  const { pid, started: since } = await start('setInterval(() => {}, 1000)');
  expect(since).not.toBe('');
  expect(await processStart(pid)).toBe(since);
  const stat = (await text(`/proc/${pid}/stat`)).split(') ')[1]!.split(' ');
  expect(stat[3]).toBe(String(pid));
  expect(await readlink(`/proc/${pid}/cwd`)).toBe(box.folder);
});

test('it carries the environment and not the run, and what was added for it', async () => {
  const { log } = await start('console.log(JSON.stringify(process.env))', {
    environment: { COLOUR: 'blue', HOME: undefined },
  });
  const seen = await until(async () => {
    const line = await text(log);
    return line.endsWith('\n') && (JSON.parse(line) as Record<string, string>);
  });
  expect(seen).toMatchObject({ BAI_DEV_ENVIRONMENT: 'dev1', COLOUR: 'blue' });
  expect(seen).not.toHaveProperty('BAI_DEV_RUN');
  expect(seen).not.toHaveProperty('HOME');
});

test('its log is added to and belongs to its user alone', async () => {
  const { log } = await start('console.log("one")');
  await until(async () => (await text(log)) === 'one\n');
  await start('console.error("two")');
  await until(async () => (await text(log)) === 'one\ntwo\n');
});

test.runIf(process.getuid?.() === 0)('root may run it as somebody else, without its own groups', async () => {
  const { log } = await start('console.log(process.getuid(), process.getgid(), process.getgroups().join())', {
    cwd: '/',
    user: { uid: 65534, gid: 65534 },
  });
  expect(await until(async () => (await text(log)) || undefined)).toBe('65534 65534 65534\n');
});

test('a program that is not there is told', async () => {
  await expect(start('', { file: '/nowhere/server' })).rejects.toMatchObject({
    code: 'BAI-COMMAND',
    message: expect.stringContaining('/nowhere/server') as string,
  });
});
