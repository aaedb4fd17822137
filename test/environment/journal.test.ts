import { readFileSync } from 'node:fs';
import { rmSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openJournal } from '../../src/environment/journal.ts';
import { statePaths } from '../../src/environment/names.ts';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import { readRecord } from '../../src/environment/store.ts';
import type { Resource } from '../../src/resources/resource.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { sampleRecord } from './sample.ts';

let box: Sandbox;
let record: EnvironmentRecord;

beforeEach(() => {
  box = sandbox();
  record = { ...sampleRecord(), resources: [] };
});
afterEach(() => box.remove());

const onDisk = (): EnvironmentRecord =>
  JSON.parse(readFileSync(statePaths(box.world.host, 'sample').record, 'utf8')) as EnvironmentRecord;
const file = (path: string, ...hashes: string[]): Resource => ({ kind: 'file', path, hashes });
const tree = (path: string): Resource => ({ kind: 'tree', path, tree: 'manager' });

describe('the journal', () => {
  test('has every entry on disk when it returns', async () => {
    const journal = openJournal(box.world, record);
    expect(journal.mark('a')).toBeUndefined();
    await journal.started('a', [tree('/t')], 'print');
    expect(onDisk()).toMatchObject({
      version: '0.0.0-test',
      marks: { a: { state: 'started', fingerprint: 'print' } },
      resources: [tree('/t')],
    });
    await journal.done('a', 'print');
    expect(onDisk().marks['a']).toMatchObject({ state: 'done', fingerprint: 'print' });
    expect(journal.mark('a')).toEqual(onDisk().marks['a']);
    record.former = [record.spec];
    await journal.setPhase('installing');
    expect(onDisk().former).toHaveLength(1);
    await journal.setPhase('ready');
    expect(onDisk()).toMatchObject({ phase: 'ready' });
    expect(onDisk()).not.toHaveProperty('former');
    await journal.addResource(file('/nowhere/sample/f'));
    await journal.dropResource({ ...tree('/t'), tree: 'other name' } as Resource);
    expect(onDisk().resources).toEqual([file('/nowhere/sample/f')]);
    expect(await readRecord(box.world.host, 'sample')).toEqual(record);
  });

  test('names a resource once, where it came first, and keeps all hashes of a file', async () => {
    const journal = openJournal(box.world, record);
    await journal.started('a', [file('/nowhere/sample/f', '1'), tree('/t')], 'x');
    await journal.started('b', [tree('/u'), file('/nowhere/sample/f', '2', '1')], 'x');
    await journal.started(
      'a',
      [file('/nowhere/sample/f', '1'), { ...tree('/t'), tree: 'agent' } as Resource],
      'x',
    );
    expect(onDisk().resources).toEqual([
      file('/nowhere/sample/f', '1', '2'),
      { ...tree('/t'), tree: 'agent' },
      tree('/u'),
    ]);
  });

  test('loses nothing of what is entered at the same time', async () => {
    const journal = openJournal(box.world, record);
    const name = fc.integer({ min: 0, max: 9 }).map(String);
    const entry = fc.oneof(
      fc.tuple(fc.constant('started' as const), name),
      fc.tuple(fc.constant('done' as const), name),
      fc.tuple(fc.constant('add' as const), name),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 30 }), async (entries) => {
        await Promise.all(
          entries.map(async ([kind, id]) => {
            if (kind === 'started') await journal.started(id, [tree(`/${id}`)], kind);
            if (kind === 'done') await journal.done(id, kind);
            if (kind === 'add') await journal.addResource(file(`/${id}`));
            if (kind !== 'add') expect(onDisk().marks[id]).toEqual(journal.mark(id));
            const path = `/${id}`;
            if (kind !== 'done')
              expect(onDisk().resources.map((made) => 'path' in made && made.path)).toContain(path);
          }),
        );
        if (entries.length > 0) expect(onDisk()).toEqual(record);
      }),
      { numRuns: 20 },
    );
  });

  test('tells whose entry could not be written, and goes on when there is room again', async () => {
    const journal = openJournal(box.world, record);
    const { folder } = statePaths(box.world.host, 'sample');
    await journal.done('a', 'x');
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'in the way');
    await expect(journal.done('b', 'x')).rejects.toMatchObject({ code: 'BAI-FILESYSTEM' });
    rmSync(folder);
    await journal.done('c', 'x');
    expect(Object.keys(onDisk().marks)).toEqual(['a', 'b', 'c']);
  });
});
