import { chmodSync, chownSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyWhole, filesBelow, hashOfFile } from '../../src/host/copy.ts';
import { hashOf } from '../../src/host/files.ts';
import { difference, snapshot } from '../rig/inventory.ts';
import { requires } from '../rig/require.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let from: string;
let to: string;
beforeEach(() => {
  box = sandbox();
  [from, to] = [join(box.folder, 'from'), join(box.folder, 'to')];
  mkdirSync(join(from, 'a/empty'), { recursive: true });
  writeFileSync(join(from, 'a/run.sh'), 'x');
  chmodSync(join(from, 'a/run.sh'), 0o755);
  writeFileSync(join(from, 'secret'), 'y');
  chmodSync(join(from, 'secret'), 0o400);
  symlinkSync('/nowhere', join(from, 'link'));
  chmodSync(from, 0o700);
});
afterEach(() => box.remove());

describe('a copy of a folder', () => {
  it('has the same content, modes, links and empty folders', async () => {
    await copyWhole(from, to);
    expect(difference(snapshot(from), snapshot(to))).toEqual([]);
  });

  it('has no sockets', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(from, 'socket'), resolve));
    await copyWhole(from, to);
    server.close();
    expect(await filesBelow(to)).toEqual(['a/run.sh', 'link', 'secret']);
  });

  it('tells by name what cannot be copied', async () => {
    await expect(copyWhole(join(from, 'nothing'), to)).rejects.toMatchObject({
      code: 'BAI-FILESYSTEM',
      message: expect.stringContaining('nothing') as string,
    });
  });

  const needed = requires('root');
  it.skipIf(needed.skip)(needed.title('belongs to the same users, or to the one that is named'), async () => {
    chownSync(join(from, 'secret'), 65_534, 65_534);
    await copyWhole(from, to);
    expect(lstatSync(join(to, 'secret')).uid).toBe(65_534);
    expect(lstatSync(join(to, 'a')).uid).toBe(0);
    await copyWhole(from, `${to}.given`, { uid: 65_534, gid: 65_534 });
    expect(lstatSync(join(`${to}.given`, 'a/empty')).uid).toBe(65_534);
  });
});

describe('the hash of a file', () => {
  it('is that of its content, and of a link that of where it leads', async () => {
    expect(await hashOfFile(join(from, 'secret'))).toBe(hashOf('y'));
    expect(await hashOfFile(join(from, 'link'))).toBe(hashOf('/nowhere'));
  });
});
