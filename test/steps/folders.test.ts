import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markerText } from '../../src/environment/marker.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeResource } from '../../src/resources/inventory.ts';
import { folderSteps } from '../../src/steps/folders.ts';
import type { Making } from '../../src/steps/making.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { makingIn, perform } from './making.ts';

describe('folders', () => {
  let box: Sandbox;
  let making: Making;
  const make = async (): Promise<string[]> => {
    const outcomes: string[] = [];
    for (const step of folderSteps(making)) outcomes.push(await perform(making, step));
    return outcomes;
  };
  const remove = async (): Promise<void> => {
    for (const resource of [...making.resources()].reverse()) await removeResource(box.world, resource);
  };

  beforeEach(() => {
    box = sandbox();
    making = makingIn(box);
  });
  afterEach(() => box.remove());

  it('hold the storage and the ID', async () => {
    expect(await make()).toEqual(['done', 'done']);
    expect(existsSync(join(making.spec.installPath, 'vfolder', 'local'))).toBe(true);
    expect(readFileSync(join(making.spec.installPath, '.bai-dev'), 'utf8')).toBe(
      markerText('sample', box.world.host.owner),
    );
    expect(await make()).toEqual(['kept', 'kept']);
  });

  it('take away the half that a killed run left of the marker', async () => {
    await make();
    const { installPath } = making.spec;
    rmSync(join(installPath, '.bai-dev'));
    writeFileSync(join(installPath, '..bai-dev.4711.0.partial'), 'sam');
    await make();
    expect(readdirSync(installPath)).toEqual(['.bai-dev', 'vfolder']);
  });

  it('leave nothing behind', async () => {
    const before = readdirSync(box.folder);
    await make();
    await remove();
    expect(readdirSync(box.folder)).toEqual(before);
  });

  it('leave nothing behind in the home either', async () => {
    const home = box.world.host.home;
    making = makingIn(box, (spec) => ({ ...spec, installPath: join(home, 'backend.ai-dev', 'sample') }));
    await make();
    await remove();
    expect(readdirSync(home)).toEqual([]);
  });

  it("keep what is the user's, and another environment's", async () => {
    const installs = join(box.world.host.home, 'backend.ai-dev');
    making = makingIn(box, (spec) => ({ ...spec, installPath: join(installs, 'sample') }));
    await make();
    mkdirSync(join(installs, 'other'));
    writeFileSync(join(installs, 'sample', 'notes.txt'), 'mine');
    await remove();
    expect(readdirSync(installs)).toEqual(['other', 'sample']);
    expect(readdirSync(join(installs, 'sample'))).toEqual(['notes.txt']);
  });
});
