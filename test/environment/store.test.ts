import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { environmentsFolder, statePaths } from '../../src/environment/names.ts';
import {
  environmentOfPath,
  forgetEnvironment,
  listIds,
  readRecord,
  writeRecord,
} from '../../src/environment/store.ts';
import { Failure } from '../../src/failure.ts';
import type { Host } from '../../src/world.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { sampleRecord } from './sample.ts';

let box: Sandbox;
let host: Host;
let path: string;

beforeEach(() => {
  box = sandbox();
  host = box.world.host;
  path = statePaths(host, 'sample').record;
});
afterEach(() => box.remove());

describe('a record', () => {
  test('is read as it was written, and is private', async () => {
    const record = sampleRecord();
    await writeRecord(host, record);
    expect(await readRecord(host, 'sample')).toEqual(record);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    for (const folder of [dirname(path), environmentsFolder(host), host.folders.state]) {
      expect(statSync(folder).mode & 0o777).toBe(0o700);
    }
    expect(readdirSync(dirname(path))).toEqual(['record.json']);
  });

  test('that is not there is undefined, and asking for it writes nothing', async () => {
    expect(await readRecord(host, 'sample')).toBeUndefined();
    expect(await listIds(host)).toEqual([]);
    expect(existsSync(host.folders.state)).toBe(false);
  });

  test.each([
    ['', 'it is not JSON'],
    ['{"schema": 1', 'it is not JSON'],
    ['[]', 'the whole'],
    ['null', 'the whole'],
    ['{"schema": "1"}', 'schema'],
    [JSON.stringify({ ...sampleRecord(), phase: 'thriving' }), 'phase'],
    [JSON.stringify({ ...sampleRecord(), extra: 1 }), 'extra'],
    [
      JSON.stringify({ ...sampleRecord(), spec: { ...sampleRecord().spec, ports: { postgres: 1 } } }),
      'spec.ports',
    ],
    [JSON.stringify(sampleRecord('other')), 'it is the record of other'],
  ])('of the content %.40s is refused with its path and what is wrong', async (content, what) => {
    await writeRecord(host, sampleRecord());
    writeFileSync(path, content);
    const error = await failureOf(readRecord(host, 'sample'));
    expect(error.code).toBe('BAI-RECORD-UNREADABLE');
    expect(error.message).toContain(path);
    expect(error.message).toContain(what);
  });

  test('whose secrets are broken is refused without telling them', async () => {
    const record = sampleRecord();
    await writeRecord(host, { ...record, secrets: { ...record.secrets, databasePassword: 'tooshort' } });
    const error = await failureOf(readRecord(host, 'sample'));
    expect(error.message).toContain('secrets.databasePassword');
    expect(error.message).not.toContain('tooshort');
  });

  test('of a newer program is refused as such, whatever else is in it', async () => {
    await writeRecord(host, sampleRecord());
    writeFileSync(path, '{"schema": 2, "wonder": true}');
    expect((await failureOf(readRecord(host, 'sample'))).code).toBe('BAI-RECORD-NEWER');
  });

  test.each(['environments', 'environments/sample', 'environments/sample/record.json'])(
    'behind a symbolic link at %s is neither read, written nor removed',
    async (name) => {
      await writeRecord(host, sampleRecord());
      const real = join(box.folder, 'real');
      renameSync(join(host.folders.state, name), real);
      symlinkSync(real, join(host.folders.state, name));
      for (const attempt of [
        () => readRecord(host, 'sample'),
        () => writeRecord(host, sampleRecord()),
        () => forgetEnvironment(host, 'sample'),
      ]) {
        const error = await failureOf(attempt());
        expect(error.code).toBe('BAI-RECORD-UNREADABLE');
        expect(error.message).toContain('symbolic link');
      }
      expect(existsSync(real)).toBe(true);
    },
  );

  test.runIf(process.getuid?.() === 0)('of another user is refused (needs root to make one)', async () => {
    await writeRecord(host, sampleRecord());
    chownSync(path, 4242, 4242);
    expect((await failureOf(readRecord(host, 'sample'))).message).toContain('it belongs to user 4242');
  });

  test('keeps its mode under any umask', async () => {
    // nobody but root could make a folder in one that such an umask made
    mkdirSync(dirname(path), { recursive: true });
    const before = process.umask(0o777);
    try {
      await writeRecord(host, sampleRecord());
    } finally {
      process.umask(before);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});

describe('the list of environments', () => {
  test('has all that have a record, readable or not, and nothing else', async () => {
    for (const id of ['two', 'one', 'broken']) await writeRecord(host, sampleRecord(id));
    writeFileSync(statePaths(host, 'broken').record, 'x');
    mkdirSync(statePaths(host, 'locked-only').folder);
    writeFileSync(statePaths(host, 'locked-only').lock, 'x');
    mkdirSync(join(environmentsFolder(host), 'Not-An-Id'));
    writeFileSync(join(environmentsFolder(host), 'Not-An-Id/record.json'), '{}');
    writeFileSync(join(environmentsFolder(host), 'file'), '');
    expect(await listIds(host)).toEqual(['broken', 'one', 'two']);
  });
});

describe('forgetting', () => {
  test('removes all but a lock that somebody holds, and twice is once', async () => {
    await writeRecord(host, sampleRecord());
    const { folder, lock, log } = statePaths(host, 'sample');
    for (const file of [lock, log]) writeFileSync(file, '');
    mkdirSync(join(folder, 'more/deep'), { recursive: true });
    await forgetEnvironment(host, 'sample');
    expect(readdirSync(folder)).toEqual(['lock']);
    await forgetEnvironment(host, 'sample');
    expect(existsSync(folder)).toBe(true);
  });

  test('removes the folder where no lock is, and leaves others alone', async () => {
    for (const id of ['sample', 'other']) await writeRecord(host, sampleRecord(id));
    await forgetEnvironment(host, 'sample');
    expect(readdirSync(environmentsFolder(host))).toEqual(['other']);
    expect(await listIds(host)).toEqual(['other']);
  });
});

describe('the environment of a path', () => {
  test('is told by the marker file above it', async () => {
    const deep = join(box.folder, 'work/manager/src');
    mkdirSync(deep, { recursive: true });
    expect(await environmentOfPath(host, deep)).toBeUndefined();
    writeFileSync(join(box.folder, 'work/.bai-dev'), 'dev9903\n');
    const found = { id: 'dev9903', uid: host.user.uid, installPath: join(box.folder, 'work') };
    expect(await environmentOfPath(host, deep)).toEqual(found);
    expect(await environmentOfPath(host, join(deep, 'not/there/yet'))).toEqual(found);
    expect(await environmentOfPath({ ...host, cwd: deep }, '..')).toEqual(found);
    expect(await environmentOfPath(host, box.folder)).toBeUndefined();
  });

  test('is not told by a marker that holds no ID', async () => {
    writeFileSync(join(box.folder, '.bai-dev'), '../../etc\n');
    expect(await environmentOfPath(host, box.folder)).toBeUndefined();
  });
});

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Failure);
  return error as Failure;
}
