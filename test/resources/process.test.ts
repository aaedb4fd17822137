// Daemons as resources: only the very process that was recorded is ours, whatever has its ID by now.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownerOf } from '../../src/host/identity.ts';
import { processStart } from '../../src/host/proc.ts';
import { describeResource, removeResource, resourceExists } from '../../src/resources/inventory.ts';
import type { ResourceOf } from '../../src/resources/resource.ts';
import { forEnvironment, type World } from '../../src/world.ts';
import { requires } from '../rig/require.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let world: World;
let child: ChildProcess;

beforeEach(async () => {
  box = sandbox();
  world = forEnvironment(box.world, 'mine');
  child = await started({ BAI_DEV_ENVIRONMENT: 'mine', BAI_DEV_OWNER: world.host.owner });
});
afterEach(() => {
  child.kill('SIGKILL');
  box.remove();
});

async function started(env: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const process = spawn('sleep', ['300'], { cwd: '/', stdio: 'ignore', env });
  await once(process, 'spawn');
  return process;
}

const recorded = async (change: Partial<ResourceOf<'process'>> = {}): Promise<ResourceOf<'process'>> => ({
  kind: 'process',
  name: 'manager',
  pid: child.pid!,
  started: (await processStart(child.pid!))!,
  folder: '/nowhere',
  ...change,
});

test('the recorded process is ended, once', async () => {
  const resource = await recorded();
  expect(describeResource(resource)).toBe(`process manager (${child.pid})`);
  expect(await resourceExists(world, resource)).toBe(true);
  expect(await removeResource(world, resource)).toBe('removed');
  expect(await resourceExists(world, resource)).toBe(false);
  expect(await removeResource(world, resource)).toBe('absent');
});

test('one of an older version, without an owner, is known by the folder that it was started in', async () => {
  child.kill('SIGKILL');
  child = await started({ BAI_DEV_ENVIRONMENT: 'mine' });
  expect(await resourceExists(world, await recorded())).toBe(false);
  expect(await resourceExists(world, await recorded({ folder: '/' }))).toBe(true);
  symlinkSync('/', `${box.folder}/link`);
  expect(await resourceExists(world, await recorded({ folder: `${box.folder}/link` }))).toBe(true);
});

test.each<[string, Partial<ResourceOf<'process'>>, string, string | undefined]>([
  ['began at another time', { started: '1' }, 'mine', undefined],
  ['belongs to another environment', { folder: '/' }, 'other', undefined],
  ['belongs to another state folder', { folder: '/' }, 'mine', '/another/state'],
])('a process of the same ID that %s is left alone', async (_what, change, id, state) => {
  const { host } = box.world;
  const owner = state === undefined ? host.owner : ownerOf(host.user.uid, state);
  const other = forEnvironment({ ...box.world, host: { ...host, owner } }, id);
  expect(await removeResource(other, await recorded(change))).toBe('absent');
  expect(await processStart(child.pid!)).toBeDefined();
});

const needed = requires('root');

test.skipIf(needed.skip)(needed.title('a process of another user is left alone, also by root'), async () => {
  child.kill('SIGKILL');
  const env = { BAI_DEV_ENVIRONMENT: 'mine', BAI_DEV_OWNER: world.host.owner };
  child = spawn('sleep', ['300'], { cwd: '/', stdio: 'ignore', env, uid: 4321, gid: 4321 });
  await once(child, 'spawn');
  expect(await removeResource(world, await recorded({ folder: '/' }))).toBe('absent');
  expect(await processStart(child.pid!)).toBeDefined();
});
