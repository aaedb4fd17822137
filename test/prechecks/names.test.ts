import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acquireLock } from '../../src/environment/lock.ts';
import { markerText } from '../../src/environment/marker.ts';
import { ownerFile, statePaths } from '../../src/environment/names.ts';
import type { Draft } from '../../src/prechecks/draft.ts';
import { checkLock, checkNames } from '../../src/prechecks/names.ts';
import { sampleRecord, sampleRelease } from '../environment/sample.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { draftIn, said } from './asking.ts';

let box: Sandbox;
let draft: Draft;
beforeEach(() => {
  box = sandbox({ variables: { PYENV_ROOT: undefined } });
  draft = draftIn(box);
});
afterEach(() => box.remove());

describe('names', () => {
  const suffix = Object.values(sampleRelease.virtualenvs)[0]!.suffix;
  const name = `venv-mine-${suffix}`;

  test.each(['versions', 'versions/3.9.18/envs'])(
    'a virtualenv in %s that nobody recorded is a blocker',
    async (place) => {
      expect(await said(checkNames(box.world, draft))).toEqual(['names.virtualenvs ok']);
      const path = join(box.world.host.home, '.pyenv', place, name);
      mkdirSync(path, { recursive: true });
      const { findings } = await checkNames(box.world, draft);
      expect(findings).toMatchObject([{ id: 'names.virtualenvs', severity: 'blocker' }]);
      expect(findings[0]?.reason).toContain(path);
      const record = sampleRecord('mine');
      record.resources = [{ kind: 'virtualenv', name, path }];
      expect(await said(checkNames(box.world, { ...draft, record }))).toEqual(['names.virtualenvs ok']);
    },
  );

  test.each([markerText('mine', '0123456789ab'), 'mine\n'])(
    'one of an environment of the same ID in a shared pyenv (%s) is a blocker, and never said to be removable',
    async (text) => {
      const path = join(box.world.host.home, '.pyenv/versions/3.9.18/envs', name);
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, ownerFile), text);
      const { findings } = await checkNames(box.world, draft);
      expect(findings).toMatchObject([{ severity: 'blocker' }]);
      expect(findings[0]?.reason).toContain('of another user or another state folder');
      expect(JSON.stringify(findings)).not.toContain('virtualenv-delete');
    },
  );

  test('a link that leads nowhere is one too, and PYENV_ROOT is obeyed', async () => {
    const root = join(box.folder, 'pyenv');
    mkdirSync(join(root, 'versions'), { recursive: true });
    symlinkSync('/nowhere', join(root, 'versions', name));
    const { host } = box.world;
    const world = { ...box.world, host: { ...host, variables: { ...host.variables, PYENV_ROOT: root } } };
    expect(await said(checkNames(world, draft))).toEqual(['names.virtualenvs blocker']);
    expect(await said(checkNames(box.world, draft))).toEqual(['names.virtualenvs ok']);
  });

  test("another environment's virtualenvs do not clash, also if its ID begins alike", async () => {
    mkdirSync(join(box.world.host.home, `.pyenv/versions/venv-mine-too-${suffix}`), { recursive: true });
    expect(await said(checkNames(box.world, draft))).toEqual(['names.virtualenvs ok']);
  });
});

describe('the lock', () => {
  test('that somebody holds is a blocker that names the holder', async () => {
    expect(await said(checkLock(box.world, draft))).toEqual([]);
    const lock = await acquireLock(box.world, statePaths(box.world.host, 'mine').lock, {
      command: 'install -e mine',
    });
    const { findings } = await checkLock(box.world, draft);
    expect(findings).toMatchObject([{ id: 'environment.locked', severity: 'blocker' }]);
    expect(findings[0]?.reason).toContain(`install -e mine, process ${process.pid}`);
    await lock.release();
    expect(await said(checkLock(box.world, draft))).toEqual([]);
  });
});
