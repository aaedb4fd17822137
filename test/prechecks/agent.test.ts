// What cannot run without Docker is said before anything is installed, with the reason that is the case here.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkAgent } from '../../src/prechecks/agent.ts';
import type { Draft } from '../../src/prechecks/draft.ts';
import { faultyEngine, replies, version } from '../docker/engine.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { draftIn } from './asking.ts';

let box: Sandbox;
let draft: Draft;
let socket: string;
beforeEach(() => {
  box = sandbox();
  socket = join(box.folder, 'docker.sock');
  Object.assign(box.world.host.variables, { DOCKER_HOST: `unix://${socket}` });
  draft = { ...draftIn(box), engine: 'native' };
});
afterEach(() => box.remove());

test('there is no engine', async () => {
  const { findings, facts } = await checkAgent(box.world, draft);
  expect(facts).toEqual({ daemons: ['agent'], reason: 'there is no Docker engine' });
  expect(findings).toMatchObject([
    { id: 'docker.agent', severity: 'warning', title: 'agent cannot run: there is no Docker engine' },
  ]);
  expect(findings[0]?.reason).toContain('no session can be started');
});

test('there is one that this user may not use', async () => {
  const engine = await faultyEngine(socket, replies({ '/version': version('1.45') }));
  chmodSync(box.folder, 0o000);
  try {
    // only root opens what nobody may open
    const isRoot = process.getuid?.() === 0;
    const { facts } = await checkAgent(box.world, draft);
    expect(facts?.reason).toBe(isRoot ? undefined : 'this user may not use Docker');
  } finally {
    chmodSync(box.folder, 0o700);
    await engine.close();
  }
});

test('an engine that answers is no matter, and that of a halfstack has its own check', async () => {
  expect(await checkAgent(box.world, { ...draft, engine: 'docker' })).toEqual({ findings: [] });
  const engine = await faultyEngine(socket, replies({ '/version': version('1.45') }));
  expect(await checkAgent(box.world, draft)).toEqual({ findings: [] });
  await engine.close();
});
