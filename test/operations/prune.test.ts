import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeRestore } from '../../src/environment/restoring.ts';
import { writeRecord } from '../../src/environment/store.ts';
import { makeSnapshot, snapshotFolder } from '../../src/halfstack/snapshots.ts';
import { pruneSnapshots } from '../../src/operations/prune.ts';
import { snapshotRows } from '../../src/operations/snapshot.ts';
import { sampleRecord } from '../environment/sample.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
beforeEach(() => {
  box = sandbox();
});
afterEach(() => box.remove());

const save = (id: string, name: string, day: number) =>
  makeSnapshot(
    box.world.host,
    {
      ...{ id, name, createdAt: `2099-03-0${day}T00:00:00.000Z`, release: '21.03', engine: 'native' },
      ...{ servers: {}, databasePassword: 'x', keys: {} },
    },
    (folder) => {
      writeFileSync(join(folder, 'postgres.tar.gz'), Buffer.alloc(50_000, 1));
      return Promise.resolve([]);
    },
  );

const names = async () => (await snapshotRows(box.world)).map(({ id, name }) => `${id} ${name}`).sort();

describe('pruning snapshots', () => {
  it('asks with their names, and keeps the newest of each environment', async () => {
    for (const day of [1, 2, 3, 4]) await save('one', `s${day}`, day);
    await save('two', 'old', 1);
    await expect(pruneSnapshots(box.world, { keep: 2, yes: false })).rejects.toMatchObject({
      code: 'BAI-QUESTION',
      more: { next: [{ command: 'bai-dev snapshot prune --keep 2 --yes' }] },
    });
    expect(box.events).toMatchObject([
      { message: expect.stringMatching(/^To be deleted: snapshot s1 of one, saved 2099-03-01/) as string },
      { message: expect.stringMatching(/^To be deleted: snapshot s2 of one/) as string },
    ]);
    expect(await names()).toHaveLength(5);
    const { removed, freed } = await pruneSnapshots(box.world, { keep: 2, yes: true });
    expect(removed.map(({ name }) => name)).toEqual(['s1', 's2']);
    expect(freed).toBeGreaterThan(100_000);
    expect(await names()).toEqual(['one s3', 'one s4', 'two old']);
    expect((await pruneSnapshots(box.world, { keep: 2, yes: false })).removed).toEqual([]);
  });

  it('can be of one environment, and never takes the newest, damaged ones or one that a restore needs', async () => {
    for (const day of [1, 2, 3]) await save('one', `s${day}`, day);
    for (const day of [1, 2]) await save('two', `t${day}`, day);
    writeFileSync(join(snapshotFolder(box.world.host, 'one', 's2'), 'manifest.json'), '{');
    await writeRecord(box.world.host, { ...sampleRecord('other'), phase: 'ready' });
    await writeRestore(box.world.host, 'other', {
      ...{ stage: 'staging', snapshot: 's1', databasePassword: 'x', keys: [] },
    });
    expect((await pruneSnapshots(box.world, { id: 'one', keep: 1, yes: true })).removed).toEqual([]);
    expect(await names()).toEqual(['one s1', 'one s2', 'one s3', 'two t1', 'two t2']);
    await pruneSnapshots(box.world, { id: 'two', keep: 0, yes: true });
    expect(await names()).toContain('two t2');
  });
});
