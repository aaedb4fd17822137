// Which environment is meant, by name or by where we stand.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { environmentHere, namedId } from '../../src/cli/named.ts';
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
});

describe('namedId', () => {
  it('says how to name one', () => {
    expect(() => namedId(undefined, 'delete')).toThrow('bai-dev delete needs the ID of an environment.');
  });
});
