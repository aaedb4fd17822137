// What an agent leaves beside its process: named by the path of its tree, and idle while it knows no session.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { isIdle, relayOf, relaysOf } from '../../src/daemons/relay.ts';
import { sandbox } from '../rig/world.ts';

const engine = 'unix:///var/run/docker.sock';

it('has the name that the agent itself gives it', () => {
  // as seen: md5 of /tmp/h-home/backend.ai-dev/h2103/agent/src/ai/backend/agent/agent.py
  const relay = relayOf({ folder: '/tmp/h-home/backend.ai-dev/h2103/agent' }, engine);
  expect(relay).toEqual({
    kind: 'relay',
    name: 'backendai-socket-relay.b3566351a670',
    engine,
    files: [
      '/tmp/backend.ai/ipc/last_registry.b3566351a670.dat',
      '/tmp/backend.ai/ipc/container/agent.b3566351a670.sock',
    ],
  });
});

it('is looked for by the resolved path as well, also once the tree is gone', async () => {
  const box = sandbox();
  mkdirSync(`${box.folder}/real`);
  symlinkSync('real', `${box.folder}/link`);
  const relays = await relaysOf({ folder: `${box.folder}/link/dev/agent` }, engine);
  expect(relays).toEqual(
    ['link', 'real'].map((name) => relayOf({ folder: `${box.folder}/${name}/dev/agent` }, engine)),
  );
  box.remove();
});

it('is idle without a list of sessions and with an empty one', async () => {
  const box = sandbox();
  const list = `${box.folder}/ipc/list.dat`;
  const relay = { kind: 'relay' as const, name: 'x', engine, files: [list] };
  expect(await isIdle(relay)).toBe(true);
  mkdirSync(dirname(list));
  // pickle, protocol 4, of {} and of {1: 2}
  writeFileSync(list, Buffer.from('80047d942e', 'hex'));
  expect(await isIdle(relay)).toBe(true);
  writeFileSync(list, Buffer.from('80049509000000000000007d944b014b02732e', 'hex'));
  expect(await isIdle(relay)).toBe(false);
  box.remove();
});
