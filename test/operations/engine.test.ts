// What runs a halfstack where nobody says: asked of an engine that answers as real ones do, well and badly.
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chooseEngine, engineOf, engineRemark } from '../../src/operations/engine.ts';
import { servicesOf } from '../../src/release/release.ts';
import type { World } from '../../src/world.ts';
import { sampleRecord, sampleRelease } from '../environment/sample.ts';
import { faultyEngine, replies, version, type FaultyEngine, type Reply } from '../docker/engine.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let world: World;
let engine: FaultyEngine | undefined;
beforeEach(() => {
  box = sandbox();
  const address = `unix://${join(box.folder, 'docker.sock')}`;
  world = { ...box.world, host: { ...box.world.host, variables: { DOCKER_HOST: address } } };
});
afterEach(async () => {
  await engine?.close();
  engine = undefined;
  box.remove();
});

const images = servicesOf(sampleRelease).map(({ service }) => service.image);
const [first = '', ...rest] = images;
const there = (image: string) => [`/images/${image}/json`, [200, { Id: 'sha256:1', Size: 1 }]] as const;
const pullable = (image: string) => [`/distribution/${image}/json`, [200, { Descriptor: {} }]] as const;
const answering = (...known: readonly (readonly [string, readonly [number, unknown]])[]): Reply =>
  replies({ '/version': version('1.41'), ...Object.fromEntries(known) });

async function listen(reply: Reply): Promise<void> {
  engine = await faultyEngine(join(box.folder, 'docker.sock'), reply);
}
const choose = () => chooseEngine(world, 'auto', sampleRelease);

test('docker, where its images are there', async () => {
  await listen(answering(...images.map(there)));
  expect(await choose()).toEqual({ engine: 'docker', reason: 'Docker 99.0.0 answers' });
  expect(engine!.requests.filter((request) => request.includes('/distribution/'))).toEqual([]);
});

test('docker, where the engine can pull what is missing', async () => {
  await listen(answering(...rest.map(there), pullable(first)));
  expect(await choose()).toMatchObject({ engine: 'docker' });
  expect(engine!.requests).not.toContain(expect.stringMatching(/^POST/));
});

test('native, where images can neither be found nor pulled', async () => {
  await listen(answering(there(images[1]!)));
  expect(await choose()).toEqual({
    engine: 'native',
    reason: `Docker 99.0.0 answers, but ${first} and 1 more can neither be found nor pulled`,
  });
});

test('native, where the registries do not answer, after 5 s for all images together', async () => {
  const known = answering(there(first));
  await listen((request, response) => {
    if (!request.url!.includes('/distribution/')) known(request, response);
  });
  const began = performance.now();
  expect(await choose()).toMatchObject({ engine: 'native' });
  expect(performance.now() - began).toBeLessThan(9000);
});

test('native, where there is no engine', async () => {
  expect(await choose()).toEqual({ engine: 'native', reason: 'there is no Docker engine' });
});

test('native, where the engine is too old', async () => {
  await listen(replies({ '/version': version('1.30') }));
  expect(await choose()).toEqual({ engine: 'native', reason: 'Docker 99.0.0 is too old' });
});

test('what is asked for by name is taken, and nobody is asked', async () => {
  await listen(answering());
  const release = sampleRelease;
  const none = { ports: { single: {} } };
  const of = (wish: object, standard: object) =>
    engineOf(world, { wishes: { ...none, ...wish }, defaults: { ...none, ...standard } }, { release });
  expect(await of({ engine: 'native' }, { engine: 'docker' })).toEqual({ engine: 'native' });
  expect(await of({}, { engine: 'docker' })).toEqual({ engine: 'docker' });
  expect(engine!.requests).toEqual([]);
});

test('a recorded engine stays for life, and that another would be chosen now is only said', async () => {
  await listen(answering());
  const record = sampleRecord();
  const wishes = { ports: { single: {} } };
  expect(await engineOf(world, { wishes, defaults: wishes }, { release: sampleRelease, record })).toEqual({
    engine: 'docker',
  });
  expect(engine!.requests).toEqual([]);
  expect(await engineRemark(world, { wishes, defaults: wishes }, record)).toMatch(
    /would get the native engine \(.*pulled\)\. sample stays with docker\.$/,
  );
  const named = { ...wishes, engine: 'docker' as const };
  expect(await engineRemark(world, { wishes: named, defaults: wishes }, record)).toBeUndefined();
});
