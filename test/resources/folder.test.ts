import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderKind } from '../../src/resources/folder.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

describe('a folder', () => {
  let box: Sandbox;
  let path: string;
  beforeEach(() => {
    box = sandbox();
    path = join(box.folder, 'made');
    mkdirSync(path);
  });
  afterEach(() => box.remove());
  const remove = (own: boolean) => folderKind.remove(box.world, { kind: 'folder', path, own });

  it('of our own goes with everything in it, once', async () => {
    mkdirSync(join(path, 'deep', 'er'), { recursive: true });
    writeFileSync(join(path, 'deep', 'er', 'file'), 'x');
    expect(await folderKind.exists(box.world, { kind: 'folder', path, own: true })).toBe(true);
    expect(await remove(true)).toBe('removed');
    expect(existsSync(path)).toBe(false);
    expect(await remove(true)).toBe('absent');
    expect(await folderKind.exists(box.world, { kind: 'folder', path, own: true })).toBe(false);
  });

  it('that is shared goes when nothing is left in it', async () => {
    writeFileSync(join(path, 'notes.txt'), 'mine');
    expect(await remove(false)).toBe('kept');
    expect(existsSync(join(path, 'notes.txt'))).toBe(true);
  });

  it('that is shared and empty is removed', async () => {
    expect(await remove(false)).toBe('removed');
    expect(existsSync(path)).toBe(false);
  });

  it.each([true, false])('that became a link is kept with what it leads to (own: %s)', async (own) => {
    const elsewhere = join(box.folder, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'precious'), 'x');
    path = join(box.folder, 'link');
    symlinkSync(elsewhere, path);
    expect(await remove(own)).toBe('kept');
    expect(existsSync(join(elsewhere, 'precious'))).toBe(true);
  });
});
