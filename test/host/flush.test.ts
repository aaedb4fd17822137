import { mkdirSync, readFileSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeWhole } from '../../src/host/files.ts';
import { flush, publish } from '../../src/host/flush.ts';
import { attachDisk, type Disk } from '../rig/powercut.ts';
import { requires } from '../rig/require.ts';

const needed = requires('root', 'power cut');

describe.skipIf(needed.skip)(needed.title('after a power cut'), () => {
  let disk: Disk;
  beforeAll(() => {
    disk = attachDisk(64);
  });
  afterAll(() => disk.remove());

  const make = (name: string): string => {
    const folder = join(disk.folder, name);
    mkdirSync(join(folder, 'inner'), { recursive: true });
    for (let at = 0; at < 50; at += 1)
      writeFileSync(join(folder, 'inner', String(at)), 'content '.repeat(at));
    symlinkSync('inner/1', join(folder, 'link'));
    return folder;
  };

  it('what was published is whole, and what was only renamed is not', async () => {
    await publish(make('published.partial'), join(disk.folder, 'published'));
    renameSync(make('renamed.partial'), join(disk.folder, 'renamed'));
    // a file that is flushed takes the names of the others along, but not their content
    await writeWhole(join(disk.folder, 'other'), 'other');
    disk.cut();
    await disk.restart();
    const sizes = (name: string): number[] =>
      readdirSync(join(disk.folder, name, 'inner')).map(
        (file) => readFileSync(join(disk.folder, name, 'inner', file)).length,
      );
    expect(sizes('published').sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, at) => 8 * at));
    expect(sizes('renamed').filter((size) => size === 0).length).toBeGreaterThan(1);
  });

  it('what was flushed by its paths is there, links and missing ones among them', async () => {
    const folder = make('flushed');
    await flush([join(folder, 'link'), join(folder, 'nothing'), folder], { shallow: true });
    disk.cut();
    await disk.restart();
    expect(readFileSync(join(folder, 'link'), 'utf8')).toBe('content ');
    expect(readFileSync(join(folder, 'inner/49'), 'utf8')).toBe('content '.repeat(49));
  });
});
