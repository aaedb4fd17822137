import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { indexFiles, pageAddress } from '../../src/source/simple.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let server: Server | undefined;
beforeEach(() => (box = sandbox()));
afterEach(() => {
  server?.close().closeAllConnections();
  box.remove();
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const hash = 'ab'.repeat(32);
const html =
  (text: string): RequestListener =>
  (_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(text);

describe('an index', () => {
  it('is asked by the normal name, with or without a slash at its end', () => {
    expect(pageAddress('https://a.test/simple', 'Backend.AI_Common')).toBe(
      'https://a.test/simple/backend-ai-common/',
    );
    expect(pageAddress('https://a.test/simple//', 'a')).toBe('https://a.test/simple/a/');
  });

  it('in JSON tells hashes and times, with relative addresses (facts 13.10 T12)', async () => {
    const at = await serve((_request, response) => {
      const files = [
        {
          filename: 'a-1.tar.gz',
          url: '../../files/a-1.tar.gz',
          hashes: { sha256: hash },
          'upload-time': '2022-01-01T00:00:00Z',
        },
        { filename: 'a-2.tar.gz', url: 'https://elsewhere.test/a-2.tar.gz', hashes: {}, 'upload-time': null },
      ];
      response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' });
      response.end(JSON.stringify({ meta: {}, name: 'a', files }));
    });
    const index = `${at.replace('//', '//me:secret@')}/simple`;
    expect(await indexFiles(box.world, { index, name: 'a' })).toEqual([
      {
        file: 'a-1.tar.gz',
        // on the same server the credentials go along, elsewhere they do not
        url: `${at.replace('//', '//me:secret@')}/files/a-1.tar.gz`,
        sha256: hash,
        uploaded: '2022-01-01T00:00:00Z',
      },
      { file: 'a-2.tar.gz', url: 'https://elsewhere.test/a-2.tar.gz' },
    ]);
  });

  it('leaves out links that lead nowhere, and keeps names with a lone percent sign', async () => {
    const at = await serve((_request, response) => {
      const files = ['http://[', '/f/%zz.tar.gz'].map((url) => ({ filename: '%zz.tar.gz', url, size: -1 }));
      response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' });
      response.end(JSON.stringify({ files }));
    });
    expect(await indexFiles(box.world, { index: at, name: 'a' })).toEqual([
      { file: '%zz.tar.gz', url: `${at}/f/%zz.tar.gz` },
    ]);
  });

  it.each([
    [
      'an index in HTML',
      html(`<!DOCTYPE html><a href="a-1.tar.gz#sha256=${hash}">a</a>`),
      'offers only HTML',
    ],
    ['a large page of others', html('<a '.repeat(400_000)), 'did not answer in JSON'],
    ['an index that has no JSON', (_request, response) => response.writeHead(406).end(), 'PEP 691'],
    ['a login page', html('<form>Room number</form>'), 'login page'],
    [
      'other JSON',
      (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}'),
      'JSON',
    ],
    ['a refusal', (_request, response) => response.writeHead(403).end(), 'does not let us in'],
    ['an absent page', (_request, response) => response.writeHead(404).end(), 'has no page for a'],
  ] as [string, RequestListener, string][])('is told from %s', async (_what, listener, words) => {
    const at = await serve(listener);
    await expect(indexFiles(box.world, { index: `${at}/simple`, name: 'a' })).rejects.toMatchObject({
      code: 'BAI-INDEX',
      message: expect.stringContaining(words) as string,
    });
  });
});
