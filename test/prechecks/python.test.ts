import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkPython } from '../../src/prechecks/python.ts';
import type { Draft } from '../../src/prechecks/draft.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { draftIn, said } from './asking.ts';

let box: Sandbox;
let draft: Draft;
let minor: string;
beforeEach(() => {
  box = sandbox({ variables: { PATH: '/nowhere', PYENV_ROOT: undefined } });
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

  it('asks for the version that was wished for', async () => {
    python(`${minor}.7`);
    const { facts, findings } = await checkPython(box.world, { ...draft, pythonVersion: `${minor}.8` });
    expect(facts).toBeUndefined();
    expect(findings[0]?.next?.[0]?.command).toBe(`pyenv install ${minor}.8`);
  });

  it('is a blocker without one, also without pyenv', async () => {
    expect(await said(checkPython(box.world, draft))).toEqual(['python.version blocker']);
    const { findings } = await checkPython(box.world, draft);
    expect(findings[0]?.next?.[0]?.command).toContain(`pyenv install ${minor}`);
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
