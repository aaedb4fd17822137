import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packFolder, unpackFolder } from '../../src/host/packed.ts';
import { difference, snapshot } from '../rig/inventory.ts';
import { requires } from '../rig/require.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let from: string;
let file: string;
let to: string;
beforeEach(() => {
  box = sandbox();
  [from, file, to] = [join(box.folder, 'from'), join(box.folder, 'data.tar.gz'), join(box.folder, 'to')];
  mkdirSync(join(from, 'a/empty'), { recursive: true });
  chmodSync(join(from, 'a/empty'), 0o2770);
  writeFileSync(join(from, 'a/run.sh'), 'x');
  chmodSync(join(from, 'a/run.sh'), 0o755);
  writeFileSync(join(from, 'secret'), Buffer.alloc(4_000_000));
  chmodSync(join(from, 'secret'), 0o400);
  symlinkSync('/nowhere/else', join(from, 'link'));
  symlinkSync('../outside', join(from, 'a/other'));
  chmodSync(from, 0o700);
});
afterEach(() => box.remove());

describe('a packed folder', () => {
  it('is small and private, and unpacks to the same content, modes, links and empty folders', async () => {
    await packFolder(from, file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(file).size).toBeLessThan(100_000);
    await unpackFolder(file, to);
    expect(difference(snapshot(from), snapshot(to))).toEqual([]);
  });

  it('has no sockets', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(from, 'socket'), resolve));
    await packFolder(from, file);
    server.close();
    await unpackFolder(file, to);
    rmSync(join(from, 'socket'), { force: true });
    expect(difference(snapshot(from), snapshot(to))).toEqual([]);
  });

  it('is refused by name when something cannot be read or written', async () => {
    await expect(packFolder(join(box.folder, 'nothing'), file)).rejects.toMatchObject({
      code: 'BAI-FILESYSTEM',
      message: expect.stringContaining('nothing') as string,
    });
    writeFileSync(file, 'no archive');
    await expect(unpackFolder(file, to)).rejects.toMatchObject({ code: 'BAI-FILESYSTEM' });
  });

  const needed = requires('root');
  it.skipIf(needed.skip)(needed.title('belongs to the same users, or to the one that is named'), async () => {
    chownSync(join(from, 'secret'), 65_534, 65_534);
    await packFolder(from, file);
    await unpackFolder(file, to);
    expect(lstatSync(join(to, 'secret')).uid).toBe(65_534);
    expect(lstatSync(join(to, 'a')).uid).toBe(0);
    await unpackFolder(file, `${to}.given`, { uid: 65_534, gid: 65_534 });
    expect(lstatSync(`${to}.given`).uid).toBe(65_534);
    expect(lstatSync(join(`${to}.given`, 'a/empty')).uid).toBe(65_534);
    expect(lstatSync(join(`${to}.given`, 'a/empty')).mode & 0o7777).toBe(0o2770);
  });
});
