import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkGit } from '../../src/prechecks/git.ts';
import type { World } from '../../src/world.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { said } from './asking.ts';

let box: Sandbox;
beforeEach(() => (box = sandbox()));
afterEach(() => box.remove());

/** A world with one program in its PATH: a git that says this version. */
function withGit(version: string): World {
  const folder = join(box.folder, 'bin');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'git'), `#!/bin/sh\necho 'git version ${version}'\n`, { mode: 0o755 });
  return withPath(`${folder}:/usr/bin:/bin`);
}
function withPath(PATH: string): World {
  const { host } = box.world;
  return { ...box.world, host: { ...host, variables: { ...host.variables, PATH } } };
}

describe('the precheck of git', () => {
  it('warns of a missing identity, and is silent about one that is there', async () => {
    expect(await said(checkGit(box.world))).toEqual(['git.version ok', 'git.identity warning']);
    const settings = join(box.world.host.home, '.gitconfig');
    writeFileSync(settings, '[user]\nname = Developer\n');
    expect(await said(checkGit(box.world))).toEqual(['git.version ok', 'git.identity warning']);
    writeFileSync(settings, '[user]\nname = Developer\nemail = developer@localhost\n');
    expect(await said(checkGit(box.world))).toEqual(['git.version ok']);
  });

  it('is a blocker for none and for an old one', async () => {
    expect(await said(checkGit(withPath('/nowhere')))).toEqual(['git.version blocker']);
    expect(await said(checkGit(withGit('2.31.9')))).toEqual(['git.version blocker']);
    expect(await said(checkGit(withGit('1.9.1')))).toEqual(['git.version blocker']);
    expect((await said(checkGit(withGit('2.39.5 (Apple Git-154)'))))[0]).toBe('git.version ok');
    expect((await said(checkGit(withGit('3.0.0'))))[0]).toBe('git.version ok');
  });
});
