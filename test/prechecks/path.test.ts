import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeRecord } from '../../src/environment/store.ts';
import type { Draft } from '../../src/prechecks/draft.ts';
import { checkPath } from '../../src/prechecks/path.ts';
import { sampleRecord } from '../environment/sample.ts';
import { repository, sandbox, type Sandbox } from '../rig/world.ts';
import { draftIn, said } from './asking.ts';

let box: Sandbox;
let draft: Draft;
beforeEach(() => {
  box = sandbox();
  draft = draftIn(box);
});
afterEach(() => box.remove());

describe('the install path', () => {
  const at = (installPath: string, more: Partial<Draft> = {}) =>
    said(checkPath(box.world, { ...draft, installPath, ...more }));

  test('may be new, or empty', async () => {
    expect(await at(join(box.folder, 'a/b/c'))).toEqual(['path.ok ok']);
    mkdirSync(join(box.folder, 'empty'));
    expect(await at(join(box.folder, 'empty'))).toEqual(['path.ok ok']);
    expect(existsSync(join(box.folder, 'a'))).toBe(false);
  });

  test('may not hold anything, unless it is that of our own record', async () => {
    const path = join(box.folder, 'full');
    mkdirSync(path);
    writeFileSync(join(path, 'file'), '');
    expect(await at(path)).toEqual(['path.occupied blocker']);
    const { findings } = await checkPath(box.world, { ...draft, installPath: path });
    expect(findings[0]?.reason).toContain('It holds file,');
    expect(findings[0]?.next?.[0]?.command).toBe(`mv ${path} ${path}.before`);
    const record = sampleRecord('mine', { installPath: path });
    await writeRecord(box.world.host, record);
    writeFileSync(join(path, '.bai-dev'), 'mine\n');
    expect(await at(path, { record })).toEqual(['path.ok ok']);
  });

  test('may hold files that stayed when the environment was removed, but for names that it needs', async () => {
    const path = join(box.folder, 'stayed');
    mkdirSync(path);
    writeFileSync(join(path, 'notes.txt'), '');
    expect(await at(path, { beside: true })).toEqual(['path.ok ok']);
    mkdirSync(join(path, 'manager'));
    expect(await at(path, { beside: true })).toEqual(['path.occupied blocker']);
  });

  test('may not be what an environment left whose record is gone', async () => {
    const path = join(box.folder, 'left');
    mkdirSync(path);
    writeFileSync(join(path, '.bai-dev'), 'mine\n');
    expect(await at(path)).toEqual(['path.occupied blocker']);
  });

  test('may not be a file, below a file, or a link', async () => {
    writeFileSync(join(box.folder, 'file'), '');
    mkdirSync(join(box.folder, 'target'));
    symlinkSync(join(box.folder, 'target'), join(box.folder, 'link'));
    expect(await at(join(box.folder, 'file'))).toEqual(['path.not-a-folder blocker']);
    expect(await at(join(box.folder, 'file/below'))).toEqual(['path.not-a-folder blocker']);
    expect(await at(join(box.folder, 'link'))).toEqual(['path.link blocker']);
    expect(await at(join(box.folder, 'link/below'))).toEqual(['path.ok ok']);
  });

  test('may not be inside another environment, around one, or in the same place', async () => {
    const theirs = join(box.folder, 'theirs/env');
    await writeRecord(box.world.host, sampleRecord('theirs', { installPath: theirs }));
    for (const path of [theirs, join(theirs, 'inside'), dirname(theirs)]) {
      expect(await at(path)).toEqual(['path.inside blocker']);
    }
    expect(await at(`${theirs}-2`)).toEqual(['path.ok ok']);
    // known by its marker only: of another state folder, say
    mkdirSync(join(box.folder, 'marked/deep'), { recursive: true });
    writeFileSync(join(box.folder, 'marked/.bai-dev'), 'foreign\n');
    expect(await at(join(box.folder, 'marked/deep/er'))).toEqual(['path.inside blocker']);
  });

  test("may not mix with bai-dev's own folders", async () => {
    const { folders } = box.world.host;
    for (const path of [folders.state, join(folders.cache, 'x'), dirname(folders.config)]) {
      expect(await at(path)).toEqual(['path.own blocker']);
    }
  });

  test('may not be where nothing can be made', async () => {
    // root may write anywhere, so another user is asked
    const program = join(box.folder, 'program.mjs');
    const source = `import { isWritable } from './src/host/files.ts';
for (const folder of process.argv.slice(2)) console.log(await isWritable(folder));`;
    const stdin = { contents: source, resolveDir: repository };
    await build({
      stdin,
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    });
    chmodSync(box.folder, 0o755);
    const folders = ['locked', 'open'].map((name) => join(box.folder, name));
    mkdirSync(folders[0]!, { mode: 0o555 });
    mkdirSync(folders[1]!);
    chmodSync(folders[1]!, 0o777);
    const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    const child = spawnSync(process.execPath, [program, ...folders], {
      encoding: 'utf8',
      cwd: '/',
      ...nobody,
    });
    expect(child.stdout.split('\n')).toEqual(['false', 'true', '']);
    // and a file system that is read-only refuses root as well, where this machine has one
    const readOnly = ['/sys', '/proc/sys'].find((folder) => !isWritableNow(folder));
    if (readOnly !== undefined)
      expect(await at(join(readOnly, 'mine'))).toEqual(['path.not-writable blocker']);
  });

  test('may not be longer than the file system allows', async () => {
    expect(await at(join(box.folder, 'x'.repeat(300)))).toEqual(['path.unreadable blocker']);
  });
});

function isWritableNow(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
