// Answers of a package index and of etcd of any kind: understood, or a failure of the table.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Failure } from '../../src/failure.ts';
import { etcdRange, etcdTransaction } from '../../src/halfstack/etcd.ts';
import { indexFiles } from '../../src/source/simple.ts';
import { fuzz, fuzzTimeout } from '../rig/fuzz.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let server: Server;
let at: string;
let answer: { status: number; type: string; body: string | Buffer };
beforeAll(async () => {
  box = sandbox();
  server = createServer((_request, response) => {
    response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  at = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close().closeAllConnections();
  box.remove();
});

const text = fc.oneof(
  fc.constantFrom('a-1.tar.gz', 'http://[', '/f/%zz', '../../x', 'javascript:x', '2022-01-01', '//h:99999/'),
  fc.string({ maxLength: 10 }),
);
const file = fc.record(
  {
    filename: text,
    url: text,
    hashes: fc.oneof(fc.dictionary(fc.constantFrom('sha256', '__proto__'), text), fc.jsonValue()),
    size: fc.oneof(fc.double(), fc.jsonValue()),
    'upload-time': fc.oneof(text, fc.constant(null)),
  },
  { requiredKeys: [] },
);
const entry = fc.record({ key: text, value: text, Id: text, Names: fc.array(text), Labels: fc.jsonValue() });
const body = fc.oneof(
  fc
    .record({ files: fc.array(fc.oneof(file, fc.jsonValue()), { maxLength: 4 }) })
    .map((page) => JSON.stringify(page)),
  fc.record({ kvs: fc.array(entry), succeeded: fc.jsonValue() }).map((page) => JSON.stringify(page)),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.string(),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
);
const answers = fc.record({
  status: fc.constantFrom(200, 200, 200, 204, 206, 400, 401, 404, 406, 418, 501),
  type: fc.constantFrom('application/vnd.pypi.simple.v1+json', 'application/json', 'text/html', 'x'),
  body,
});

/** Statuses that carry no body must not be given one. */
const plain = (one: typeof answer): typeof answer => (one.status === 204 ? { ...one, body: '' } : one);

it.each<[string, () => Promise<unknown>, RegExp]>([
  [
    'index',
    () => indexFiles(box.world, { index: `http://${at}/simple`, name: 'a', retries: 0 }),
    /INDEX|NETWORK/,
  ],
  ['etcd', () => etcdRange({ url: `http://${at}` }, '/a'), /ETCD/],
  ['etcd, to a transaction', () => etcdTransaction({ url: `http://${at}` }, { absent: [], put: [] }), /ETCD/],
])(
  'an answer of %s is understood, or a failure that says so',
  async (who, ask, codes) => {
    await fuzz(`answers of ${who}`, answers, async (given) => {
      answer = plain(given);
      const error = await ask().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error === undefined) return;
      expect(error).toBeInstanceOf(Failure);
      expect((error as Failure).code).toMatch(codes);
    });
  },
  fuzzTimeout,
);
