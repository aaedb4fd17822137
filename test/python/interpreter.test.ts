import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findInterpreters, fits } from '../../src/python/interpreter.ts';
import { realPython } from './real.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

const python = realPython();
const minor = python.version.split('.').slice(0, 2).join('.');

let box: Sandbox;
let root: string;
let folder: string;
beforeEach(() => {
  const plain = sandbox();
  root = join(plain.folder, 'pyenv');
  folder = join(plain.folder, 'bin');
  mkdirSync(join(root, 'versions'), { recursive: true });
  mkdirSync(folder);
  const { host } = plain.world;
  const variables = { ...host.variables, PYENV_ROOT: root, PATH: `relative:${folder}:/nowhere` };
  box = { ...plain, world: { ...plain.world, host: { ...host, variables } } };
});
afterEach(() => box.remove());

/** A Python that answers as any other, with a version of our choice. */
function pretend(path: string, version: string, missing: readonly string[] = []): void {
  mkdirSync(join(path, '..'), { recursive: true });
  const answer = JSON.stringify({ version, path, implementation: 'CPython', missing });
  writeFileSync(path, `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
}
const inPyenv = (version: string, missing?: readonly string[]): string => {
  const path = join(root, 'versions', version, 'bin', `python${version.split('.').slice(0, 2).join('.')}`);
  pretend(path, version, missing);
  return path;
};
const found = async (wish: string): Promise<string[]> =>
  (await findInterpreters(box.world, wish)).map(({ version, from }) => `${version} ${from}`);

describe('a version and a wish', () => {
  it('fit by whole parts', () => {
    expect(fits('3.9.18', '3.9')).toBe(true);
    expect(fits('3.9.18', '3.9.18')).toBe(true);
    expect(fits('3.9.18', '3.9.1')).toBe(false);
    expect(fits('3.10.1', '3.1')).toBe(false);
  });
});

describe('looking for a Python', () => {
  it("takes pyenv's newest patch release before one of the PATH", async () => {
    for (const version of ['3.9.2', '3.9.18', '3.9.7', '3.10.1']) inPyenv(version);
    pretend(join(folder, 'python3.9'), '3.9.19');
    pretend(join(folder, 'python3'), '3.11.2');
    expect(await found('3.9')).toEqual(['3.9.18 pyenv', '3.9.7 pyenv', '3.9.2 pyenv', '3.9.19 PATH']);
    expect(await found('3.9.7')).toEqual(['3.9.7 pyenv']);
    expect(await found('3.11')).toEqual(['3.11.2 PATH']);
    expect(await found('3.12')).toEqual([]);
  });

  it('takes a complete one before one that lacks modules', async () => {
    inPyenv('3.9.18', ['ssl']);
    inPyenv('3.9.7');
    expect(await found('3.9')).toEqual(['3.9.7 pyenv', '3.9.18 pyenv']);
  });

  it('passes over shims, virtualenvs, other kinds and what does not answer', async () => {
    mkdirSync(join(root, 'versions', 'venv-a-manager', 'bin'), { recursive: true });
    pretend(join(root, 'versions', 'venv-a-manager', 'bin', 'python3.9'), '3.9.18');
    pretend(join(root, 'shims', 'python3.9'), '3.9.18');
    pretend(join(root, 'versions', '3.9.1', 'bin', 'python3.9'), '3.8.0');
    writeFileSync(join(folder, 'python3.9'), '#!/bin/sh\nexit 3\n', { mode: 0o755 });
    writeFileSync(join(folder, 'python3'), 'not executable');
    const { host } = box.world;
    const PATH = `${join(root, 'shims')}:${folder}`;
    const world = { ...box.world, host: { ...host, variables: { ...host.variables, PATH } } };
    expect(await findInterpreters(world, '3.9')).toEqual([]);
    inPyenv('3.9.3');
    writeFileSync(
      join(root, 'versions/3.9.3/bin/python3.9'),
      '#!/bin/sh\necho \'{"version":"3.9.3","path":"/p","implementation":"PyPy","missing":[]}\'\n',
    );
    expect(await findInterpreters(world, '3.9')).toEqual([]);
  });

  it('asks a real one, also through a virtualenv that is turned on', async () => {
    rmSync(root, { recursive: true });
    symlinkSync(python.path, join(folder, `python${minor}`));
    const [real] = await findInterpreters(box.world, minor);
    expect(real).toMatchObject({ version: python.version, from: 'PATH', missing: [] });
  });

  it('names the pyenv that takes virtualenvs', async () => {
    inPyenv('3.9.18');
    expect((await findInterpreters(box.world, '3.9'))[0]?.pyenv).toBe(root);
  });
});
