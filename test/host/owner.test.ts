// Users of the machine, and folders that share their files.
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findUser, giveTo, shareFolder } from '../../src/host/owner.ts';
import { requires } from '../rig/require.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
beforeEach(() => {
  box = sandbox();
});
afterEach(() => box.remove());

test('a user is found by exactly that name', async () => {
  expect(await findUser('root')).toEqual({ name: 'root', uid: 0, gid: 0 });
  expect(await findUser('roo')).toBeUndefined();
  expect(await findUser('')).toBeUndefined();
});

test('a shared folder has the same files, links and folders, at no cost', async () => {
  const from = join(box.folder, 'from');
  mkdirSync(join(from, 'lib/empty'), { recursive: true });
  writeFileSync(join(from, 'lib/thing.so.1.2'), 'thing', { mode: 0o755 });
  symlinkSync('thing.so.1.2', join(from, 'lib/thing.so'));
  const to = join(box.folder, 'to');
  await shareFolder(from, to);
  expect(statSync(join(to, 'lib/thing.so.1.2')).ino).toBe(statSync(join(from, 'lib/thing.so.1.2')).ino);
  expect(readlinkSync(join(to, 'lib/thing.so'))).toBe('thing.so.1.2');
  expect(lstatSync(join(to, 'lib/empty')).isDirectory()).toBe(true);
  expect(readFileSync(join(to, 'lib/thing.so'), 'utf8')).toBe('thing');
});

test('what is there is not overwritten', async () => {
  mkdirSync(join(box.folder, 'from'));
  mkdirSync(join(box.folder, 'to'));
  await expect(shareFolder(join(box.folder, 'from'), join(box.folder, 'to'))).rejects.toMatchObject({
    code: 'BAI-FILESYSTEM',
  });
});

const root = requires('root');
test.skipIf(root.skip)(root.title('root gives one thing away, not what lies inside'), async () => {
  const folder = join(box.folder, 'given');
  mkdirSync(join(folder, 'inside'), { recursive: true });
  await giveTo(folder, { name: 'somebody', uid: 12345, gid: 12346 });
  expect([statSync(folder).uid, statSync(folder).gid]).toEqual([12345, 12346]);
  expect(statSync(join(folder, 'inside')).uid).toBe(0);
});
