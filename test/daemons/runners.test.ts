// What agents share in an engine: only what came while ours started is removed, when nobody can use it any more.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { afterAgent, beforeAgent, removeShared } from '../../src/daemons/runners.ts';
import { forgetEnvironment, writeRecord } from '../../src/environment/store.ts';
import { faultyEngine, type FaultyEngine } from '../docker/engine.ts';
import { sampleRecord } from '../environment/sample.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let engine: FaultyEngine;
let volumes: string[];
let images: string[];
/** Labels of containers. */
let containers: Record<string, string>[];

beforeEach(async () => {
  box = sandbox();
  volumes = ['mine', 'backendai-krunner.v1.old'];
  images = ['postgres:13'];
  containers = [];
  engine = await faultyEngine(join(box.folder, 'docker.sock'), (request, response) => {
    const [status, body] = answerTo(request.method, request.url);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(status === 204 ? '' : JSON.stringify(body));
  });
});

function answerTo(method?: string, url = ''): readonly [status: number, body?: unknown] {
  const path = decodeURIComponent(url.replace(/^\/v[\d.]+/, '').split('?')[0] ?? '');
  const name = path.split('/').slice(2).join('/');
  const all = path.startsWith('/volumes') ? volumes : images;
  if (method === 'DELETE') {
    if (name.endsWith('.held')) return [409, { message: 'volume is in use' }];
    all.splice(all.indexOf(name), 1);
    return all === volumes ? [204] : [200, []];
  }
  if (path === '/volumes') return [200, { Volumes: volumes.map((Name) => ({ Name })) }];
  if (path === '/images/json') return [200, [{ Id: 'x', Size: 1, RepoTags: images, Labels: null }]];
  return [200, containers.map((Labels) => ({ Names: ['/one'], Labels, Mounts: [] }))];
}

afterEach(async () => {
  await engine.close();
  box.remove();
});

const journal = (): boolean => existsSync(join(box.world.host.folders.state, 'agents.json'));
const made = ['backendai-krunner.v7.static-gnu', 'backendai-krunner.v6.alpine3.8'];

/** What an agent does that finds nothing of its kind. */
async function startAgent(): Promise<void> {
  await beforeAgent(box.world, engine.address);
  volumes.push(...made);
  images.push('backendai-socket-relay:latest');
}

async function put(id: string): Promise<void> {
  const installPath = join(box.folder, id);
  mkdirSync(installPath);
  const record = sampleRecord(id, { installPath });
  const spec = { ...record.spec, engine: 'docker' as const, engineAddress: engine.address };
  await writeRecord(box.world.host, { ...record, spec });
}

it('goes after the last environment, and what was there before stays', async () => {
  await startAgent();
  await afterAgent(box.world, engine.address);
  volumes.push('backendai-krunner.v9.of-another');
  await put('one');
  expect(await removeShared(box.world)).toEqual([]);
  await forgetEnvironment(box.world.host, 'one');
  expect((await removeShared(box.world)).sort()).toEqual(
    [...made.map((name) => `volume ${name}`), 'image backendai-socket-relay:latest'].sort(),
  );
  expect(volumes).toEqual(['mine', 'backendai-krunner.v1.old', 'backendai-krunner.v9.of-another']);
  expect(images).toEqual(['postgres:13']);
  expect(journal()).toBe(false);
});

it('is known also when the start that it came with was cut off', async () => {
  await startAgent();
  // the next start, and what it sees before itself
  await beforeAgent(box.world, engine.address);
  await afterAgent(box.world, engine.address);
  expect(await removeShared(box.world)).toHaveLength(3);
  await startAgent();
  expect(await removeShared(box.world)).toHaveLength(3);
  expect(journal()).toBe(false);
});

it('stays while any agent has a container there, and is removed later', async () => {
  await startAgent();
  containers = [{ 'ai.backend.system': '1' }];
  expect(await removeShared(box.world)).toEqual([]);
  expect(volumes).toEqual(expect.arrayContaining(made));
  containers = [];
  expect(await removeShared(box.world)).toHaveLength(3);
});

it('stays where the engine does not let it go, which is told', async () => {
  await beforeAgent(box.world, engine.address);
  volumes.push('backendai-krunner.v7.held');
  expect(await removeShared(box.world)).toEqual([]);
  expect(box.events).toContainEqual(
    expect.objectContaining({ kind: 'note', message: expect.stringMatching(/is still there/) as string }),
  );
  expect(journal()).toBe(true);
});

it('leaves no journal where nothing came', async () => {
  await beforeAgent(box.world, engine.address);
  expect(journal()).toBe(true);
  await afterAgent(box.world, engine.address);
  expect(journal()).toBe(false);
});
