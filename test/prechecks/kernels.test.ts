// Whether the images of kernels can be had, asked of an engine that answers as real ones do.
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkKernels } from '../../src/prechecks/kernels.ts';
import { faultyEngine, replies, version, type FaultyEngine } from '../docker/engine.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { draftIn, said } from './asking.ts';

let box: Sandbox;
let socket: string;
let engine: FaultyEngine | undefined;
beforeEach(() => {
  box = sandbox();
  socket = join(box.folder, 'docker.sock');
  Object.assign(box.world.host.variables, { DOCKER_HOST: `unix://${socket}` });
});
afterEach(async () => {
  await engine?.close();
  engine = undefined;
  box.remove();
});

const usual = 'cr.backend.ai/stable/python:3.8-ubuntu18.04';
const there = [200, { Id: 'sha256:1', Size: 1 }] as const;

function look(kernelImages: readonly string[] = [usual]) {
  return checkKernels(box.world, { ...draftIn(box), kernelImages });
}

async function answer(table: Parameters<typeof replies>[0]): Promise<void> {
  engine = await faultyEngine(socket, replies({ '/version': version('1.45'), ...table }));
}

test('none are asked for where none are wanted', async () => {
  await answer({});
  expect(await said(look([]))).toEqual([]);
  expect(engine?.requests).toEqual([]);
});

test('those that are there are fine', async () => {
  await answer({ [`/images/${usual}/json`]: there });
  expect(await said(look())).toEqual(['kernels.images ok']);
});

test('those that a registry gives are told with their size', async () => {
  await answer({ [`/distribution/${usual}/json`]: [200, {}] });
  const { findings } = await look();
  expect(findings).toMatchObject([
    { id: 'kernels.images', severity: 'note', title: 'Kernel images to be pulled: about 0.5 GB' },
  ]);
});

test('those that no registry gives are a warning that says what works and how to get them', async () => {
  await answer({ [`/distribution/${usual}/json`]: [500, { message: 'dial tcp: no such host' }] });
  const { findings } = await look();
  expect(findings).toMatchObject([{ id: 'kernels.registry', severity: 'warning' }]);
  expect(findings[0]?.reason).toContain('no such host');
  expect(findings[0]?.next?.map(({ command }) => command)).toEqual([
    `docker pull ${usual}`,
    'bai-dev install -e mine --no-kernel-images',
  ]);
});

test('without an engine they wait for one', async () => {
  expect(await said(look())).toEqual(['kernels.engine note']);
});
