// Daemons as resources: only the very process that was recorded is ours, whatever has its ID by now.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processStart } from '../../src/host/proc.ts';
import { describeResource, removeResource, resourceExists } from '../../src/resources/inventory.ts';
import type { ResourceOf } from '../../src/resources/resource.ts';
import { forEnvironment, type World } from '../../src/world.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let world: World;
let child: ChildProcess;

beforeEach(async () => {
  box = sandbox();
  world = forEnvironment(box.world, 'mine');
  child = spawn('sleep', ['300'], { cwd: '/', stdio: 'ignore', env: { BAI_DEV_ENVIRONMENT: 'mine' } });
  await once(child, 'spawn');
});
afterEach(() => {
  child.kill('SIGKILL');
  box.remove();
});

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

test('the folder it stands in proves it as well, as some daemons overwrite their variables', async () => {
  const other = forEnvironment(box.world, 'other');
  expect(await resourceExists(other, await recorded())).toBe(false);
  expect(await resourceExists(other, await recorded({ folder: '/' }))).toBe(true);
});

test.each<[string, Partial<ResourceOf<'process'>>, string]>([
  ['began at another time', { started: '1' }, 'mine'],
  ['belongs to another environment and stands elsewhere', {}, 'other'],
])('a process of the same ID that %s is left alone', async (_what, change, id) => {
  const resource = await recorded(change);
  expect(await removeResource(forEnvironment(box.world, id), resource)).toBe('absent');
  expect(await processStart(child.pid!)).toBeDefined();
});
