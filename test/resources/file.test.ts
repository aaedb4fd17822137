import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashOf } from '../../src/host/files.ts';
import { fileKind } from '../../src/resources/file.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

describe('a generated file', () => {
  let box: Sandbox;
  let path: string;
  const hashes = [hashOf('older'), hashOf('newer')];
  beforeEach(() => {
    box = sandbox();
    path = join(box.folder, 'settings.toml');
  });
  afterEach(() => box.remove());

  it.each(['older', 'newer'])('that holds what we once wrote (%s) is removed', async (content) => {
    writeFileSync(path, content);
    expect(await fileKind.exists(box.world, { kind: 'file', path, hashes })).toBe(true);
    expect(await fileKind.remove(box.world, { kind: 'file', path, hashes })).toBe('removed');
    expect(existsSync(path)).toBe(false);
  });

  it('that is gone is absent', async () => {
    expect(await fileKind.remove(box.world, { kind: 'file', path, hashes })).toBe('absent');
  });

  it('that somebody edited is kept', async () => {
    writeFileSync(path, 'edited');
    expect(await fileKind.remove(box.world, { kind: 'file', path, hashes })).toBe('kept');
    expect(existsSync(path)).toBe(true);
  });

  it('that somebody edited goes with the tree it lies in', async () => {
    writeFileSync(path, 'edited');
    const resource = { kind: 'file' as const, path, hashes, tree: box.folder };
    expect(await fileKind.remove(box.world, resource)).toBe('removed');
  });

  it('goes with the halves that a killed run left beside it', async () => {
    writeFileSync(path, 'newer');
    writeFileSync(join(box.folder, '.settings.toml.4711.3.partial'), 'new');
    writeFileSync(join(box.folder, '.settings.toml.mine.partial'), 'mine');
    expect(await fileKind.remove(box.world, { kind: 'file', path, hashes })).toBe('removed');
    expect(readdirSync(box.folder)).toEqual(['.settings.toml.mine.partial', 'home']);
  });

  it('that became a folder is kept', async () => {
    mkdirSync(path);
    expect(await fileKind.remove(box.world, { kind: 'file', path, hashes })).toBe('kept');
    expect(existsSync(path)).toBe(true);
  });
});
