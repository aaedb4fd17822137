import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkNames } from '../../src/prechecks/names.ts';
import { checkPython } from '../../src/prechecks/python.ts';
import type { Draft } from '../../src/prechecks/draft.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { sampleRecord } from '../environment/sample.ts';
import { draftIn, said } from './asking.ts';

let box: Sandbox;
let draft: Draft;
let minor: string;
beforeEach(() => {
  const UV_PYTHON_INSTALL_MIRROR = 'http://127.0.0.1:1/nobody';
  box = sandbox({ variables: { PATH: '/nowhere', PYENV_ROOT: undefined, UV_PYTHON_INSTALL_MIRROR } });
  draft = draftIn(box);
  minor = draft.release.python;
});
afterEach(() => box.remove());

function python(version: string, missing: readonly string[] = []): string {
  const path = join(box.world.host.home, '.pyenv/versions', version, 'bin', `python${minor}`);
  mkdirSync(dirname(path), { recursive: true });
  const answer = JSON.stringify({ version, path, implementation: 'CPython', missing });
  writeFileSync(path, `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
  return path;
}

describe('the precheck of Python', () => {
  it('names the one that is used, and where virtualenvs go', async () => {
    const path = python(`${minor}.7`);
    const { findings, facts } = await checkPython(box.world, draft);
    expect(findings).toMatchObject([{ severity: 'ok', title: `Python ${minor}.7 from pyenv`, reason: path }]);
    expect(facts).toEqual({ version: `${minor}.7`, path, pyenv: join(box.world.host.home, '.pyenv') });
  });

  it('warns of a version that the release was not made for', async () => {
    python(`${minor}.7`);
    const asked = (pythonVersion: string) => said(checkPython(box.world, { ...draft, pythonVersion }));
    expect(await asked(`${minor}.7`)).toEqual(['python.version ok']);
    expect(await asked('3.6')).toEqual(['python.version blocker', 'python.unusual warning']);
  });

  it('asks for the version that was wished for', async () => {
    python(`${minor}.7`);
    const { facts, findings } = await checkPython(box.world, { ...draft, pythonVersion: `${minor}.8` });
    expect(facts).toBeUndefined();
    expect(findings[0]?.next?.[0]?.command).toBe(`pyenv install ${minor}.8`);
  });

  it('lets another patch release of its series take the place of a recorded one that was removed', async () => {
    const path = python(`${minor}.7`);
    const record = sampleRecord('mine', { installPath: draft.installPath });
    const old = (version: string, at: string) => ({
      ...draft,
      pythonVersion: version,
      record: { ...record, spec: { ...record.spec, python: { version, path: at } } },
    });
    const gone = old(`${minor}.6`, path.replace(`${minor}.7`, `${minor}.6`));
    expect((await checkPython(box.world, gone)).facts).toMatchObject({ version: `${minor}.7`, path });
    // one that is there is not exchanged for another
    const there = python(`${minor}.5`);
    expect((await checkPython(box.world, old(`${minor}.5`, there))).facts).toMatchObject({ path: there });
  });

  it('is a blocker without one, also without pyenv', async () => {
    expect(await said(checkPython(box.world, draft))).toEqual(['python.version blocker']);
    const { findings } = await checkPython(box.world, draft);
    expect(findings[0]?.next?.[0]?.command).toContain(`pyenv install ${minor}`);
  });

  it('tells why a build cannot be fetched either, and names a mirror', async () => {
    const [finding] = (await checkPython(box.world, draft)).findings;
    expect(finding?.reason).toMatch(/http:\/\/127\.0\.0\.1:1\/nobody\/\S+ could not be reached/);
    expect(finding?.next?.at(-1)?.command).toMatch(/^export UV_PYTHON_INSTALL_MIRROR=https:/);
  });

  it('passes over a pyenv that cannot be looked into, and says so', async () => {
    const root = join(box.world.host.home, '.pyenv');
    // a link to itself, which not even root can follow
    symlinkSync(root, root);
    expect(await said(checkPython(box.world, draft))).toEqual([
      'python.version blocker',
      'python.pyenv warning',
    ]);
    expect(await said(checkNames(box.world, draft))).toEqual(['names.virtualenvs ok']);
  });

  it('names the modules that a build lacks, and what brings them', async () => {
    python(`${minor}.7`, ['ssl', 'lzma']);
    const linux = { ...box.world, host: { ...box.world.host, platform: 'linux' as const } };
    expect(await said(checkPython(linux, draft))).toEqual(['python.modules blocker']);
    const { findings, facts } = await checkPython(linux, draft);
    expect(facts).toBeUndefined();
    expect(findings[0]?.title).toBe(`Python ${minor}.7 lacks ssl, lzma`);
    expect(findings[0]?.next?.[0]?.command).toBe('sudo apt-get install libssl-dev liblzma-dev');
  });
});
