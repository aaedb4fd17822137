// What the user has to type, found from real files: links in PATH, a clone, npm's own folders in PATH.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { invocationOf } from '../../src/cli/invocation.ts';

let folder: string;
let program: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bai-dev-invocation-'));
  program = makeProgram(join(folder, 'clone'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A package with a program; gives its path. */
function makeProgram(path: string): string {
  mkdirSync(join(path, 'dist'), { recursive: true });
  writeFileSync(join(path, 'package.json'), '{}');
  writeFileSync(join(path, 'dist/bin.js'), '#!/usr/bin/env node\n');
  chmodSync(join(path, 'dist/bin.js'), 0o755);
  return join(path, 'dist/bin.js');
}

/** A folder in which a link called bai-dev leads to a program. */
function linkTo(target: string, ...path: readonly string[]): string {
  const into = join(folder, ...path);
  mkdirSync(into, { recursive: true });
  symlinkSync(target, join(into, 'bai-dev'));
  return into;
}

const invocation = (more: { cwd?: string; path?: readonly string[]; called?: string }): Promise<string> =>
  invocationOf({
    program: more.called ?? program,
    cwd: more.cwd ?? folder,
    assets: join(folder, 'clone/'),
    variables: { PATH: ['/usr/bin', ...(more.path ?? [])].join(':') },
  });

describe('invocationOf', () => {
  it('is the name where PATH leads to this program', async () => {
    const bin = linkTo(program, 'bin');
    expect(await invocation({ path: [bin], called: join(bin, 'bai-dev') })).toBe('bai-dev');
  });

  it('is npx in the clone and below it', async () => {
    expect(await invocation({ cwd: join(folder, 'clone') })).toBe('npx bai-dev');
    mkdirSync(join(folder, 'clone/src/cli'), { recursive: true });
    expect(await invocation({ cwd: join(folder, 'clone/src/cli') })).toBe('npx bai-dev');
  });

  it('is the path elsewhere, quoted, and in another package', async () => {
    expect(await invocation({})).toBe(program);
    makeProgram(join(folder, 'other'));
    expect(await invocation({ cwd: join(folder, 'other') })).toBe(program);
    const spaced = makeProgram(join(folder, 'a b'));
    expect(await invocation({ called: spaced })).toBe(`'${spaced}'`);
  });

  it('does not count the folders that npm puts into PATH, as no shell has them', async () => {
    const npm = linkTo(program, 'clone/node_modules/.bin');
    expect(await invocation({ path: [npm] })).toBe(program);
  });

  it('is the path where PATH leads to another bai-dev', async () => {
    const bin = linkTo(makeProgram(join(folder, 'other')), 'bin');
    expect(await invocation({ path: [bin] })).toBe(program);
  });

  it('is npx for what npx fetched', async () => {
    const fetched = makeProgram(join(folder, '.npm/_npx/0123/node_modules/bai-dev'));
    expect(await invocation({ called: fetched })).toBe('npx bai-dev');
  });

  it('is the name where nothing is known', async () => {
    expect(await invocationOf({ cwd: folder, assets: folder, variables: {} })).toBe('bai-dev');
    expect(await invocation({ called: join(folder, 'gone') })).toBe('bai-dev');
  });
});
