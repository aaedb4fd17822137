// What a record names outside the environment's places, or in another's: never removed, whatever else proves.
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { markerText } from '../../src/environment/marker.ts';
import { nativeFolders } from '../../src/environment/names.ts';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import { hashOf } from '../../src/host/files.ts';
import { removeRecorded } from '../../src/resources/inventory.ts';
import type { Resource } from '../../src/resources/resource.ts';
import { forEnvironment, type World } from '../../src/world.ts';
import { sampleRecord } from '../environment/sample.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let world: World;
let record: EnvironmentRecord;
let install: string;
let outside: string;

beforeEach(() => {
  box = sandbox();
  world = forEnvironment(box.world, 'mine');
  [install, outside] = [join(box.folder, 'install'), join(box.folder, 'outside')];
  record = sampleRecord('mine', { installPath: install });
  record.marks['folders:marker'] = { state: 'done', fingerprint: '', at: '' };
  for (const folder of [install, outside]) mkdirSync(join(folder, 'tree'), { recursive: true });
  writeFileSync(join(outside, 'tree/precious'), 'precious');
  mark(markerText('mine', world.host.owner));
});
afterEach(() => box.remove());

const mark = (text: string): void => writeFileSync(join(install, '.bai-dev'), text);
const remove = (resource: Resource): Promise<string> => removeRecorded(world, record, resource);
const own = (path: string): Resource => ({ kind: 'folder', path, own: true });
const conflict = { code: 'BAI-CONFLICT-OWNER' };

describe('a record that was edited', () => {
  const hashes = [hashOf('precious')];
  const engine = 'unix:///nowhere/docker.sock';
  const relay = 'backendai-socket-relay.0123456789ab';
  test.each<[string, (path: string) => Resource]>([
    ['folder', (path) => own(path)],
    ['folder, by way of the install path', () => own(join(install, '../outside/tree'))],
    ['folder, as `..` in it', () => own(`${install}/../outside/tree`)],
    ['folder that begins like the install path', () => own(`${install}-2/tree`)],
    ['install path as a whole', () => own(install)],
    ['tree', (path) => ({ kind: 'tree', path, tree: 'manager' })],
    ['install path as a tree', () => ({ kind: 'tree', path: install, tree: 'manager' })],
    ['file', (path) => ({ kind: 'file', path: join(path, 'precious'), hashes })],
    ['file of a tree', (path) => ({ kind: 'file', path: join(path, 'precious'), hashes: [], tree: path })],
    ['virtualenv', (path) => ({ kind: 'virtualenv', name: 'venv-mine-x', path })],
    [
      'virtualenv of another',
      (path) => ({ kind: 'virtualenv', name: 'venv-other-x', path: join(path, 'envs/venv-other-x') }),
    ],
    ['server', (path) => ({ kind: 'server', name: 'redis', path, program: '/bin/sleep' })],
    ['process', (path) => ({ kind: 'process', name: 'manager', pid: 1, started: '1', folder: path })],
    ['container', () => ({ kind: 'container', name: 'other-db-1', engine })],
    ['volume', () => ({ kind: 'volume', name: 'other_data', engine })],
    ['network', () => ({ kind: 'network', name: 'other_half', engine })],
    ['relay', (path) => ({ kind: 'relay', name: relay, engine, files: [join(path, 'precious')] })],
    ['container as a relay', () => ({ kind: 'relay', name: 'other', engine, files: [] })],
  ])('does not lead to another %s', async (_what, resource) => {
    await expect(remove(resource(join(outside, 'tree')))).rejects.toMatchObject(conflict);
    expect(existsSync(join(outside, 'tree/precious'))).toBe(true);
    expect(existsSync(install)).toBe(true);
  });

  test('does not lead to an install path of its own without a marker', async () => {
    record = sampleRecord('mine', { installPath: outside });
    record.marks['folders:marker'] = { state: 'done', fingerprint: '', at: '' };
    await expect(remove(own(join(outside, 'tree')))).rejects.toMatchObject(conflict);
    // what was interrupted before the marker was written can still be removed
    delete record.marks['folders:marker'];
    expect(await remove(own(join(outside, 'tree')))).toBe('removed');
  });
});

describe('an install path', () => {
  test.each<[string, string | undefined]>([
    ['of another state folder', markerText('mine', '0123456789ab')],
    ['of another environment', 'other\n'],
  ])('%s is left alone, also with a copied record', async (_what, text) => {
    mark(text ?? '');
    await expect(remove(own(join(install, 'tree')))).rejects.toMatchObject({
      ...conflict,
      message: expect.stringContaining('of another user or another state folder') as string,
    });
    expect(existsSync(join(install, 'tree'))).toBe(true);
  });

  test('is proven by no link of the marker’s name', async () => {
    writeFileSync(join(outside, 'marker'), markerText('mine', world.host.owner));
    mark('');
    box.remove();
    mkdirSync(join(install, 'tree'), { recursive: true });
    symlinkSync(join(outside, 'marker'), join(install, '.bai-dev'));
    await expect(remove(own(join(install, 'tree')))).rejects.toMatchObject(conflict);
  });

  test.each(['mine\n', undefined])('marked by this version or an older one (%s) is its own', async (text) => {
    if (text !== undefined) mark(text);
    expect(await remove(own(join(install, 'tree')))).toBe('removed');
    expect(await remove({ kind: 'folder', path: box.folder, own: false })).toBe('kept');
  });
});

test('the data of a native halfstack are at their places', async () => {
  const path = join(nativeFolders(world.host, 'mine').own, 'redis');
  mkdirSync(path, { recursive: true });
  expect(await remove({ kind: 'server', name: 'redis', path, program: '/usr/bin/redis-server' })).toBe(
    'absent',
  );
  expect(await remove(own(path))).toBe('removed');
  await expect(remove(own(nativeFolders(world.host, 'other').own))).rejects.toMatchObject(conflict);
});
