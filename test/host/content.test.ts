import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findContents, readSmall } from '../../src/host/content.ts';
import { hashOf } from '../../src/host/files.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
beforeEach(() => (box = sandbox()));
afterEach(() => box.remove());

it('reads only what is small', async () => {
  const path = join(box.folder, 'file');
  writeFileSync(path, 'four');
  expect(await readSmall(path, 4)).toBe('four');
  expect(await readSmall(path, 3)).toBeUndefined();
  expect(await readSmall(join(box.folder, 'absent'), 3)).toBeUndefined();
});

it('finds files by what is in them, wherever they lie, but not through links', async () => {
  const wanted = ['one', 'two', 'six'].map((text) => ({ sha256: hashOf(text), size: text.length }));
  mkdirSync(join(box.folder, 'tree/deep'), { recursive: true });
  writeFileSync(join(box.folder, 'tree/deep/a'), 'one');
  writeFileSync(join(box.folder, 'tree/b'), 'ten');
  writeFileSync(join(box.folder, 'outside'), 'two');
  symlinkSync(join(box.folder, 'outside'), join(box.folder, 'tree/link'));
  const found = await findContents(join(box.folder, 'tree'), wanted);
  expect([...found]).toEqual([[hashOf('one'), join(box.folder, 'tree/deep/a')]]);
});
