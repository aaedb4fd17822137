// Which environment is meant, by name or by where we stand.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { environmentHere, meantId, namedId } from '../../src/cli/named.ts';
import { markerText } from '../../src/environment/marker.ts';
import { writeRecord } from '../../src/environment/store.ts';
import type { Event } from '../../src/report/events.ts';
import { sampleRecord } from '../environment/sample.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
beforeEach(() => (box = sandbox()));
afterEach(() => box.remove());

describe('environmentHere', () => {
  it('finds the marker above the folder we stand in', async () => {
    const deep = join(box.folder, 'dev/manager/src');
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(box.folder, 'dev/.bai-dev'), 'dev2109\n');
    expect(await environmentHere({ ...box.world.host, cwd: deep })).toBe('dev2109');
    expect(await environmentHere({ ...box.world.host, cwd: box.folder })).toBeUndefined();
  });

  it('does not take another state folder’s environment for one of its own, nor a link for a marker', async () => {
    const { host } = box.world;
    writeFileSync(join(box.folder, '.bai-dev'), markerText('dev2109', '0123456789ab'));
    await expect(environmentHere(host)).rejects.toMatchObject({ code: 'BAI-USAGE' });
    writeFileSync(join(box.folder, '.bai-dev'), markerText('dev2109', host.owner));
    expect(await environmentHere(host)).toBe('dev2109');
    const folder = join(box.folder, 'other/dev');
    mkdirSync(folder, { recursive: true });
    symlinkSync(join(box.folder, '.bai-dev'), join(folder, '.bai-dev'));
    rmSync(join(box.folder, '.bai-dev'));
    writeFileSync(join(box.folder, 'text'), markerText('dev2109', host.owner));
    expect(await environmentHere({ ...host, cwd: folder })).toBeUndefined();
  });
});

describe('namedId', () => {
  it('says how to name one', () => {
    expect(() => namedId(undefined, 'delete')).toThrow('bai-dev delete needs the ID of an environment.');
  });
});

describe('meantId', () => {
  const meant = async () => {
    const events: Event[] = [];
    const world = { ...box.world, report: { emit: (event: Event) => void events.push(event) } };
    const id = await meantId(world, { wishes: {}, defaults: {} }, 'guide');
    return { id, events };
  };

  it('is the only one there is, which is said', async () => {
    await writeRecord(box.world.host, sampleRecord('mine'));
    expect(await meant()).toEqual({
      id: 'mine',
      events: [{ kind: 'note', severity: 'note', message: 'Environment: mine (the only one)' }],
    });
  });

  it('lists them where there are several', async () => {
    for (const id of ['mine', 'other']) await writeRecord(box.world.host, sampleRecord(id));
    await expect(meant()).rejects.toThrow('there are mine, other.');
  });
});
