import { lstatSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { strToU8, zipSync } from 'fflate';
import { Header } from 'tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unpackTar, unpackZip } from '../../src/host/archive.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let folder: string;
let archive: string;
beforeEach(() => {
  box = sandbox();
  folder = join(box.folder, 'into');
  archive = join(box.folder, 'archive');
  mkdirSync(folder);
});
afterEach(() => box.remove());

type Entry = ConstructorParameters<typeof Header>[0] & { readonly text?: string };

/** An archive as an attacker writes it: no tool would. */
function pack(...entries: Exclude<Entry, Buffer>[]): void {
  const blocks = entries.flatMap((entry) => {
    const content = Buffer.from((entry as { text?: string }).text ?? '');
    const header = new Header({
      mode: 0o644,
      mtime: new Date(0),
      type: 'File',
      ...entry,
      size: content.length,
    });
    const block = Buffer.alloc(512);
    header.encode(block);
    return [block, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  writeFileSync(archive, gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)])));
}

const unpacking = () => ({ archive, folder, signal: box.world.signal });
const file = (path: string, more: object = {}) => ({ path, text: 'x', ...more }) as Exclude<Entry, Buffer>;

describe('a source archive', () => {
  it('loses the folder at its top, its owner and strange modes', async () => {
    // facts 13.10 T3: as root the owner would be kept, and daemons drop to it
    const owner = { uid: 1001, gid: 106, uname: 'runner', gname: 'docker' };
    pack(
      file('top/plain', { ...owner, mode: 0o666 }),
      file('top/run', { ...owner, mode: 0o4750 }),
      { ...file('top/link', owner), type: 'SymbolicLink', linkpath: 'plain' },
      file('top/.git', owner),
      file('top/sub/.git/config', owner),
    );
    await unpackTar(unpacking());
    expect(readdirSync(folder).sort()).toEqual(['link', 'plain', 'run']);
    const plain = lstatSync(join(folder, 'plain'));
    expect([plain.uid, plain.mode & 0o7711]).toEqual([process.getuid?.(), 0o600]);
    expect(lstatSync(join(folder, 'run')).mode & 0o7700).toBe(0o700);
    expect(readFileSync(join(folder, 'link'), 'utf8')).toBe('x');
  });

  it.each([
    ['a path above', file('top/../../evil')],
    ['an absolute path', file('/tmp/bai-dev-evil')],
    ['a link to elsewhere', { ...file('top/link'), type: 'SymbolicLink', linkpath: '/etc/passwd' }],
    ['a link above', { ...file('top/link'), type: 'SymbolicLink', linkpath: '../../evil' }],
    ['a second name of something above', { ...file('top/link'), type: 'Link', linkpath: '../evil' }],
    ['a device', { ...file('top/null'), type: 'CharacterDevice' }],
    ['a pipe', { ...file('top/pipe'), type: 'FIFO' }],
  ] as [string, Exclude<Entry, Buffer>][])('is refused for %s', async (_what, entry) => {
    pack(file('top/plain'), entry);
    await expect(unpackTar(unpacking())).rejects.toMatchObject({ code: 'BAI-HASH' });
    expect(readdirSync(box.folder).sort()).toEqual(['archive', 'home', 'into']);
  });

  it('is refused when it is none', async () => {
    writeFileSync(archive, 'no archive at all');
    await expect(unpackTar(unpacking())).rejects.toMatchObject({ code: 'BAI-HASH' });
    writeFileSync(archive, gzipSync(Buffer.alloc(3000, 7)).subarray(0, 20));
    await expect(unpackTar(unpacking())).rejects.toMatchObject({ code: 'BAI-HASH' });
  });
});

describe('a wheel', () => {
  it('goes where it is told to, and what is executable stays so', async () => {
    const executable = { os: 3, attrs: 0o100755 << 16 } as const;
    const wheel = zipSync({
      'a/tool': [strToU8('#!'), { ...executable, level: 9 }],
      'a/stored': [strToU8('kept'), { level: 0 }],
      'a/big': strToU8('big '.repeat(1_000_000)),
      'b/': new Uint8Array(),
      'a.dist-info/METADATA': strToU8('none'),
    });
    writeFileSync(archive, wheel);
    const written = await unpackZip(unpacking(), (path) =>
      path.startsWith('a/') ? `src/${path}` : undefined,
    );
    expect([...written].sort()).toEqual(['src/a/big', 'src/a/stored', 'src/a/tool']);
    expect(lstatSync(join(folder, 'src/a/tool')).mode & 0o7700).toBe(0o700);
    expect(lstatSync(join(folder, 'src/a/stored')).mode & 0o7700).toBe(0o600);
    expect(readFileSync(join(folder, 'src/a/big'), 'utf8')).toHaveLength(4_000_000);
    expect(readFileSync(join(folder, 'src/a/stored'), 'utf8')).toBe('kept');
  });

  it.each(['../evil', '/tmp/bai-dev-evil', 'a/../../evil'])('is refused for %s', async (path) => {
    writeFileSync(archive, zipSync({ [path]: strToU8('x') }));
    await expect(unpackZip(unpacking(), (name) => name)).rejects.toMatchObject({ code: 'BAI-HASH' });
    expect(readdirSync(box.folder).sort()).toEqual(['archive', 'home', 'into']);
  });

  it('is refused when it is cut off', async () => {
    writeFileSync(archive, zipSync({ a: strToU8('x') }).subarray(0, 20));
    await expect(unpackZip(unpacking(), (name) => name)).rejects.toMatchObject({ code: 'BAI-HASH' });
  });
});
