import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectTo, type Connection } from '../../src/docker/client.ts';
import { pullImage, pullTrouble, type PullProgress } from '../../src/docker/images.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { faultyEngine, replies, type FaultyEngine, type Reply } from './engine.ts';

let box: Sandbox;
let engine: FaultyEngine | undefined;
beforeEach(() => void (box = sandbox()));
afterEach(async () => {
  await engine?.close();
  box.remove();
});

async function connect(reply: Reply): Promise<Connection> {
  engine = await faultyEngine(join(box.folder, 'docker.sock'), reply);
  return connectTo(box.world, engine.address);
}

const image = 'postgres:13.1-alpine';
const there = { '/images/postgres:13.1-alpine/json': [200, { Id: 'sha256:1', Size: 300 }] } as const;
const lines = (...messages: object[]): string => messages.map((one) => JSON.stringify(one)).join('\r\n');

test('a pull counts the bytes of its layers', async () => {
  const messages = lines(
    { status: 'Pulling from library/postgres', id: '13.1-alpine' },
    { status: 'Pulling fs layer', progressDetail: {}, id: 'a' },
    { status: 'Downloading', progressDetail: { current: 50, total: 100 }, id: 'a' },
    { status: 'Downloading', progressDetail: { current: 20, total: 200 }, id: 'b' },
    { status: 'Download complete', progressDetail: {}, id: 'a' },
    { status: 'Extracting', progressDetail: { current: 1, total: 100 }, id: 'a' },
    { status: 'Pull complete', progressDetail: {}, id: 'b' },
    { status: 'Pull complete', progressDetail: {}, id: 'a' },
  );
  const connection = await connect(replies({ '/images/create': [200, messages], ...there }));
  const seen: PullProgress[] = [];
  await pullImage(connection, image, (progress) => seen.push(progress));
  expect(seen.map(({ done, total }) => `${done}/${total}`)).toEqual([
    ...['0/0', '0/0', '50/100', '70/300', '120/300', '120/300', '300/300', '300/300'],
  ]);
  // what follows the download takes time as well
  expect(seen.map(({ unpacked }) => unpacked && `${unpacked.done}/${unpacked.total}`)).toEqual([
    ...[undefined, undefined, undefined, undefined, undefined, undefined, '1/2', '2/2'],
  ]);
  expect(engine?.requests[0]).toContain('fromImage=postgres&tag=13.1-alpine');
});

test('a refusal before the stream', async () => {
  const message = 'Get "https://registry-1.docker.io/v2/": dial tcp: no such host';
  const connection = await connect(replies({ '/images/create': [500, { message }] }));
  await expect(pullImage(connection, image, () => undefined)).rejects.toMatchObject({
    code: 'BAI-IMAGE',
    message: `The image ${image} could not be pulled: ${message}.`,
  });
});

test('a refusal inside the stream', async () => {
  const messages = lines(
    { status: 'Pulling', id: 'a' },
    { error: 'toomanyrequests: rate limit', errorDetail: {} },
  );
  const connection = await connect(replies({ '/images/create': [200, messages] }));
  await expect(pullImage(connection, image, () => undefined)).rejects.toMatchObject({
    code: 'BAI-IMAGE',
    message: expect.stringContaining('toomanyrequests') as string,
  });
});

test('a stream that ends without the image', async () => {
  const connection = await connect(
    replies({ '/images/create': [200, lines({ status: 'Pulling', id: 'a' })] }),
  );
  await expect(pullImage(connection, image, () => undefined)).rejects.toMatchObject({ code: 'BAI-IMAGE' });
});

test('an engine that goes away in the middle', async () => {
  const connection = await connect((_request, response) => {
    response.writeHead(200);
    response.write(lines({ status: 'Downloading', id: 'a' }) + '\n');
    setTimeout(() => response.destroy(), 30);
  });
  await expect(pullImage(connection, image, () => undefined)).rejects.toMatchObject({
    code: 'BAI-ENGINE',
    exit: 7,
  });
});

test('an interrupt ends a pull with its own reason', async () => {
  const connection = await connect((_request, response) => {
    response.writeHead(200);
    response.write(lines({ status: 'Downloading', id: 'a' }) + '\n');
  });
  const pull = pullImage(connection, image, () => box.abort(new Error('interrupted')));
  await expect(pull).rejects.toThrow('interrupted');
});

test('the registry is asked through the engine', async () => {
  const table = {
    '/distribution/here:1/json': [200, { Descriptor: {} }],
    '/distribution/gone:1/json': [401, { message: 'pull access denied' }],
  } as const;
  const connection = await connect(replies(table));
  expect(await pullTrouble(connection, 'here:1')).toBeUndefined();
  expect(await pullTrouble(connection, 'gone:1')).toBe('pull access denied');
});
