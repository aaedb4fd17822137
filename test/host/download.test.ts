import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download } from '../../src/host/download.ts';
import { startIndex, type Index } from '../rig/index.ts';
import { forever, head, hostile, type Hostile } from './hostile.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

const content = Buffer.from(Array.from({ length: 200_000 }, (_, at) => at % 251));
const sha256 = createHash('sha256').update(content).digest('hex');

let box: Sandbox;
let index: Index;
let path: string;
let url: string;
beforeEach(async () => {
  box = sandbox();
  index = await startIndex({
    distributions: [{ project: 'one', file: 'one.bin', content, uploaded: '2022-01-01T00:00:00Z' }],
  });
  path = join(box.folder, 'downloads', 'one.bin');
  url = index.url.replace('/simple', '/files/one/one.bin');
});
afterEach(async () => {
  await index.close();
  box.remove();
});

const left = (): string[] => readdirSync(dirname(path)).sort();

describe('a download', () => {
  it('brings the file whole, tells how far it is, and asks for it once', async () => {
    const counts: number[] = [];
    const onProgress = (done: number, total?: number) => counts.push(done / (total ?? 0));
    await download(box.world, { url, path, sha256, onProgress });
    await download(box.world, { url, path, sha256 });
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(counts.at(-1)).toBe(1);
    expect(index.requests).toHaveLength(1);
    expect(left()).toEqual(['one.bin']);
  });

  it('goes on where a connection broke off', async () => {
    index.fault = 'resets-midway';
    let heard = 0;
    const onProgress = () => {
      heard += 1;
      index.fault = 'none';
    };
    await download(box.world, { url, path, sha256, onProgress });
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(heard).toBeGreaterThan(0);
    expect(index.requests).toHaveLength(2);
  });

  it('takes over what a dead run left, even if that is wrong', async () => {
    mkdirSync(dirname(path), { recursive: true });
    // greater than any process ID of Linux and macOS
    writeFileSync(`${path}.99999999-0.partial`, content.subarray(0, 150_000));
    const counts: number[] = [];
    await download(box.world, { url, path, sha256, onProgress: (done) => counts.push(done) });
    expect(counts[0]).toBeGreaterThan(150_000);
    expect(left()).toEqual(['one.bin']);
    writeFileSync(path, 'damaged');
    writeFileSync(`${path}.99999999-0.partial`, 'wrong');
    await download(box.world, { url, path, sha256 });
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(left()).toEqual(['one.bin']);
  });

  it('refuses another content and leaves nothing', async () => {
    index.fault = 'wrong-content';
    await expect(download(box.world, { url, path, sha256 })).rejects.toMatchObject({ code: 'BAI-HASH' });
    expect(left()).toEqual([]);
  });

  it('tells a stall, a refusal and a disk that is not there', async () => {
    index.fault = 'stalls-midway';
    await expect(download(box.world, { url, path, sha256, limit: 0.2, retries: 1 })).rejects.toMatchObject({
      code: 'BAI-NETWORK',
    });
    index.fault = 'none';
    await expect(download(box.world, { url: `${url}.not`, path, sha256 })).rejects.toMatchObject({
      code: 'BAI-NETWORK',
      message: `${url}.not is not served: status 404.`,
    });
    writeFileSync(join(box.folder, 'file'), '');
    const below = join(box.folder, 'file', 'one.bin');
    await expect(download(box.world, { url, path: below, sha256 })).rejects.toMatchObject({
      code: 'BAI-FILESYSTEM',
    });
  });
});

describe('a server that lies about a file', () => {
  const servers: Hostile[] = [];
  afterEach(() => servers.splice(0).forEach((server) => server.close()));
  const start = async (answer: Parameters<typeof hostile>[0]): Promise<Hostile> => {
    const server = await hostile(answer);
    servers.push(server);
    return server;
  };
  const body = head('200 OK');

  it.each([
    ['has no end', body, 100_000],
    ['is announced larger than it is known to be', head('200 OK', { 'content-length': 10 ** 12 }), 100_000],
  ])('that %s is ended at the known size, and leaves nothing', async (_what, answer, bytes) => {
    const server = await start((socket) => {
      socket.write(answer);
      forever(socket, 'x'.repeat(10_000));
    });
    await expect(download(box.world, { url: server.url, path, sha256, bytes })).rejects.toMatchObject({
      code: 'BAI-NETWORK',
      message: expect.stringContaining('more than 100000 bytes') as string,
    });
    expect(left()).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  it('and sends another part than was asked for, is asked for the whole', async () => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.99999999-0.partial`, content.subarray(0, 150_000));
    const server = await start((socket, request) => {
      const part = content.subarray(0, 50_000);
      const headers = { 'content-range': 'bytes 0-49999/200000', 'content-length': part.length };
      const [top, sent] = /^range:/im.test(request)
        ? [head('206 Partial Content', headers), part]
        : [head('200 OK', { 'content-length': content.length }), content];
      socket.write(Buffer.concat([Buffer.from(top), sent]));
    });
    await download(box.world, { url: server.url, path, sha256 });
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  it('and is slower than the lowest rate, does not hold the run', async () => {
    const server = await start((socket) => {
      socket.write(body);
      forever(socket, 'x', 20);
    });
    const wanted = { url: server.url, path, sha256, limit: 0.3, retries: 0 };
    await expect(download(box.world, wanted)).rejects.toMatchObject({
      message: expect.stringMatching(/fewer than \d+ bytes were received/) as string,
    });
  });
});
