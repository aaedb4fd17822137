import {
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderState, manifestName, writeManifest } from '../../src/host/manifest.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let folder: string;
beforeEach(async () => {
  box = sandbox();
  folder = join(box.folder, 'unpacked');
  mkdirSync(join(folder, 'bin/__pycache__'), { recursive: true });
  writeFileSync(join(folder, 'bin/program'), 'a program');
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'bin/__pycache__/a.pyc'), 'compiled');
  symlinkSync('bin/program', join(folder, 'link'));
  await writeManifest(folder);
});
afterEach(() => box.remove());

const program = (): string => join(folder, 'bin/program');

describe('an unpacked folder', () => {
  it('is whole as it was written, also after its files were touched or compiled', () => {
    expect(folderState(folder)).toBe('whole');
    utimesSync(program(), 1, 1);
    rmSync(join(folder, 'bin/__pycache__'), { recursive: true });
    writeFileSync(join(folder, 'more'), 'more');
    expect(folderState(folder)).toBe('whole');
  });

  it.each<[string, () => void]>([
    ['an empty file', () => truncateSync(program())],
    ['other content of the same size', () => writeFileSync(program(), 'a prograM')],
    ['a missing file', () => rmSync(program())],
    [
      'a folder in place of a file',
      () => {
        rmSync(program());
        mkdirSync(program());
      },
    ],
    [
      'a link that leads elsewhere',
      () => {
        rmSync(join(folder, 'link'));
        symlinkSync('/', join(folder, 'link'));
      },
    ],
    ['an empty manifest', () => truncateSync(join(folder, manifestName))],
    [
      'half a manifest',
      () =>
        truncateSync(join(folder, manifestName), Math.floor(statSync(join(folder, manifestName)).size / 2)),
    ],
  ])('is damaged by %s', (_, damage) => {
    damage();
    expect(folderState(folder)).toBe('damaged');
  });

  it('is not listed without a manifest', () => {
    rmSync(join(folder, manifestName));
    expect(folderState(folder)).toBe('unlisted');
    expect(readFileSync(program(), 'utf8')).toBe('a program');
  });
});
