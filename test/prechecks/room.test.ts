import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Draft } from '../../src/prechecks/draft.ts';
import { checkRoom } from '../../src/prechecks/room.ts';
import { sampleRecord } from '../environment/sample.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { draftIn, said } from './asking.ts';

let box: Sandbox;
let draft: Draft;
beforeEach(() => {
  box = sandbox();
  draft = draftIn(box);
});
afterEach(() => box.remove());

describe('room', () => {
  const needing = (disk: number, memory: number): Draft => ({
    ...draft,
    release: { ...draft.release, needs: { disk, memory } },
  });

  test('that is there is fine', async () => {
    const findings = await said(checkRoom(box.world, needing(1, 1)));
    expect(new Set(findings)).toEqual(new Set(['room.disk ok', 'room.memory ok']));
  });

  test('that lacks is a blocker for the disk, and a note for the memory', async () => {
    const findings = await said(checkRoom(box.world, needing(1e18, 1e18)));
    expect(new Set(findings)).toEqual(new Set(['room.disk blocker', 'room.memory note']));
  });

  test('that an existing environment lacks is a warning: it has used its share already', async () => {
    const findings = await said(checkRoom(box.world, { ...needing(1e18, 1), record: sampleRecord('mine') }));
    expect(findings).toContain('room.disk warning');
  });

  test('on several file systems is asked for by share', async () => {
    // /dev/shm and the sandbox are two; a place on each of them needs a part of the whole
    if (!existsSync('/dev/shm')) return;
    const { findings } = await checkRoom(box.world, { ...needing(3e18, 1), installPath: '/dev/shm/mine' });
    const reasons = findings.filter(({ id }) => id === 'room.disk').map(({ reason }) => reason);
    expect(reasons).toHaveLength(2);
    expect(reasons.join()).toContain('1000000000.0 GB');
    expect(reasons.join()).toContain('2000000000.0 GB');
  });
});
