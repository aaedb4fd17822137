import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { git, gitVersion } from '../../src/host/git.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
beforeEach(() => (box = sandbox()));
afterEach(() => box.remove());

describe('git', () => {
  it('tells its version', async () => {
    expect(await gitVersion(box.world)).toMatch(/^\d+\.\d+/);
  });

  it("fails with git's own words, with none, and where there is no git", async () => {
    await expect(git(box.world, { folder: box.folder, args: ['status'] })).rejects.toMatchObject({
      code: 'BAI-COMMAND',
      message: expect.stringContaining('not a git repository') as string,
    });
    const silent = { folder: box.folder, args: ['config', '--get', 'no.such'] };
    await expect(git(box.world, silent)).rejects.toMatchObject({ code: 'BAI-COMMAND' });
    expect(await git(box.world, { ...silent, allow: [1] })).toBe('');
    const { host } = box.world;
    const without = { ...box.world, host: { ...host, variables: { ...host.variables, PATH: '/nowhere' } } };
    await expect(git(without, { folder: box.folder, args: ['status'] })).rejects.toMatchObject({
      code: 'BAI-COMMAND',
    });
    expect(await gitVersion(without)).toBeUndefined();
  });

  it('asks nobody and ends with the run', async () => {
    const folder = join(box.folder, 'bin');
    mkdirSync(folder);
    writeFileSync(join(folder, 'git'), '#!/bin/sh\nexec sleep 30\n', { mode: 0o755 });
    const { host } = box.world;
    const PATH = `${folder}:/usr/bin:/bin`;
    const slow = { ...box.world, host: { ...host, variables: { ...host.variables, PATH } } };
    const reason = new Error('interrupted');
    setTimeout(() => box.abort(reason), 100);
    await expect(git(slow, { folder: box.folder, args: ['status'] })).rejects.toBe(reason);
  });
});
