import { execFileSync } from 'node:child_process';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import { findUserFiles, saveUserFiles, userFilesPath } from '../../src/environment/user-files.ts';
import { difference, snapshot } from '../rig/inventory.ts';
import { requires } from '../rig/require.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { sampleRecord } from './sample.ts';

let box: Sandbox;
let path: string;
let record: EnvironmentRecord;

beforeEach(() => {
  box = sandbox();
  path = join(box.folder, 'dev');
  record = sampleRecord('sample', { installPath: path });
  const folder = (name: string, own: boolean) => ({ kind: 'folder' as const, path: join(path, name), own });
  record.resources = [
    { kind: 'folder', path, own: false },
    folder('vfolder', true),
    folder('vfolder/local', true),
    { kind: 'tree', path: join(path, 'agent'), tree: 'agent' },
    folder('agent/scratches', true),
    { kind: 'file', path: join(path, '.bai-dev'), hashes: [] },
  ];
  put('.bai-dev', 'sample\n');
  put('agent/scratches/x', 'x');
  put('agent/README', 'x');
  mkdirSync(join(path, 'vfolder/local'), { recursive: true });
});
afterEach(() => box.remove());

/** Writes a file below the install path, with its folders. */
function put(name: string, content: string): void {
  const file = join(path, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

describe('the files of a user', () => {
  it('are none where everything was made by bai-dev, upstream or a known tool', async () => {
    put('vfolder/version.txt', '3\n');
    put('.pytest_cache/CACHEDIR.TAG', 'Signature: 8a477f597d28d172789f06886806bc55\n');
    put('.pytest_cache/v/cache/lastfailed', '{}');
    put('.agent.partial/README', 'x');
    put('..bai-dev.77.0.partial', 'sam');
    expect(await findUserFiles(record)).toEqual([]);
  });

  it('are all in virtual folders, and what nobody else made', async () => {
    put('vfolder/local/ab/cd/ef/data of mine.bin', '12345');
    put('vfolder/local/ab/cd/ef/.hidden', '1');
    put('vfolder/other', '22');
    put('notes.txt', '333');
    put('.my_cache/CACHEDIR.TAG', 'mine');
    put('vfolder/version.txt', 'of my thesis');
    symlinkSync('/', join(path, 'root'));
    expect(await findUserFiles(record)).toEqual([
      { path: '.my_cache', files: 1, bytes: 4, names: ['.my_cache/CACHEDIR.TAG'], goes: false },
      { path: 'notes.txt', files: 1, bytes: 3, names: ['notes.txt'], goes: false },
      { path: 'root', files: 1, bytes: 0, names: ['root'], goes: false },
      { path: 'vfolder', files: 2, bytes: 14, names: ['vfolder/other', 'vfolder/version.txt'], goes: true },
      {
        ...{ path: 'vfolder/local', files: 2, bytes: 6, goes: true },
        names: ['vfolder/local/ab/cd/ef/.hidden', 'vfolder/local/ab/cd/ef/data of mine.bin'],
      },
    ]);
  });

  it('are not looked for behind a link, which itself stays', async () => {
    put('vfolder/local/data', '12345');
    renameSync(join(path, 'vfolder'), join(box.folder, 'bigger'));
    symlinkSync(join(box.folder, 'bigger'), join(path, 'vfolder'));
    expect(await findUserFiles(record)).toEqual([
      { path: 'vfolder', files: 1, bytes: 0, names: ['vfolder'], goes: false },
    ]);
    const to = join(box.folder, 'saved');
    mkdirSync(to);
    await saveUserFiles(record, to, { share: true });
    expect(snapshot(to).size).toBe(1);
  });

  const root = requires('root');
  it.skipIf(root.skip)(root.title('are not looked for in a bind mount'), async () => {
    const big = join(box.folder, 'big disk');
    mkdirSync(big);
    writeFileSync(join(big, 'data'), '12345');
    const at = join(path, 'vfolder/local/big disk');
    mkdirSync(at);
    execFileSync('mount', ['--bind', big, at]);
    try {
      expect(await findUserFiles(record)).toEqual([
        {
          ...{ path: 'vfolder/local', files: 1, bytes: 0, goes: true },
          names: ['vfolder/local/big disk'],
        },
      ]);
    } finally {
      execFileSync('umount', [at]);
    }
  });

  it.each([true, false])('are saved whole, shared with the original: %s', async (share) => {
    put('vfolder/local/ab/data', '12345');
    utimesSync(join(path, 'vfolder/local/ab/data'), 1e9, 1e9);
    linkSync(join(path, 'vfolder/local/ab/data'), join(path, 'vfolder/local/again'));
    symlinkSync('ab/data', join(path, 'vfolder/local/link'));
    mkdirSync(join(path, 'vfolder/local/empty'));
    put('notes.txt', '333');
    const to = join(box.folder, 'saved');
    mkdirSync(to);
    await saveUserFiles(record, to, { share });
    const saved = userFilesPath(to, 'vfolder');
    expect(difference(snapshot(join(path, 'vfolder')), snapshot(saved))).toEqual([]);
    expect(lstatSync(join(saved, 'local/ab/data')).mtimeMs).toBe(1e12);
    const inodes = [path, join(to, 'files')].map((at) => lstatSync(join(at, 'vfolder/local/ab/data')).ino);
    expect(inodes[0] === inodes[1]).toBe(share);
    expect(readFileSync(join(saved, 'local/link'), 'utf8')).toBe('12345');
  });
});
