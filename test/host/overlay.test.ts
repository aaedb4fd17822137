import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { overlay } from '../../src/host/overlay.ts';
import { difference, snapshot } from '../rig/inventory.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let from: string;
let to: string;
beforeEach(() => {
  box = sandbox();
  [from, to] = [join(box.folder, 'from'), join(box.folder, 'to')];
  mkdirSync(join(from, 'vfolder/one/empty'), { recursive: true });
  writeFileSync(join(from, 'vfolder/one/run.sh'), 'saved');
  chmodSync(join(from, 'vfolder/one/run.sh'), 0o750);
  symlinkSync('run.sh', join(from, 'vfolder/one/link'));
  mkdirSync(to);
});
afterEach(() => box.remove());

describe('saved files over a folder', () => {
  it('are all there afterwards, with modes, links and empty folders; twice changes nothing', async () => {
    expect(await overlay(from, to)).toMatchObject({ restored: 2, replaced: 0, aside: [], left: [] });
    expect(difference(snapshot(from), snapshot(to))).toEqual([]);
    expect(await overlay(from, to)).toMatchObject({ restored: 0, replaced: 0 });
  });

  it('leave newer files alone and replace other content, which is kept beside it if asked for', async () => {
    mkdirSync(join(to, 'vfolder/one/run.sh/deep'), { recursive: true });
    writeFileSync(join(to, 'vfolder/new.txt'), 'newer');
    writeFileSync(join(to, 'vfolder/one/link'), 'other');
    const { replaced, aside } = await overlay(from, to);
    expect(replaced).toBe(2);
    expect(aside).toEqual([join(to, 'vfolder/one/run.sh.before-restore')]);
    expect(statSync(join(to, 'vfolder/one/run.sh.before-restore/deep')).isDirectory()).toBe(true);
    expect(readlinkSync(join(to, 'vfolder/one/link'))).toBe('run.sh');
    expect(readFileSync(join(to, 'vfolder/new.txt'), 'utf8')).toBe('newer');
    writeFileSync(join(to, 'vfolder/one/run.sh'), 'mine');
    await overlay(from, to, '.mine');
    expect(readFileSync(join(to, 'vfolder/one/run.sh'), 'utf8')).toBe('saved');
    expect(readFileSync(join(to, 'vfolder/one/run.sh.mine'), 'utf8')).toBe('mine');
  });

  it('are not written through a link', async () => {
    mkdirSync(join(box.folder, 'elsewhere'));
    symlinkSync('../elsewhere', join(to, 'vfolder'));
    expect((await overlay(from, to)).left).toEqual([join(to, 'vfolder')]);
    expect(readdirSync(join(box.folder, 'elsewhere'))).toEqual([]);
  });
});
