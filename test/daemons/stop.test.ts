// Ending daemons: with all that they started, gently first, and nobody else.
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { stopDaemons } from '../../src/daemons/stop.ts';
import { ownerOf } from '../../src/host/identity.ts';
import { commandOf, endProcesses, processStart } from '../../src/host/proc.ts';
import { requires } from '../rig/require.ts';
import { household, type Household } from './household.ts';

let house: Household | undefined;
afterEach(async () => {
  await house?.close();
});

it('lets one end by itself', async () => {
  house = await household({ manager: { way: 'serve' } });
  await house.start('manager');
  expect(await stopDaemons(house.world.host, house.record, ['manager'])).toEqual(['manager']);
  expect(await house.living('manager')).toEqual([]);
  expect(readFileSync(house.daemon('manager').log, 'utf8')).toContain('ends gently');
});

it('finds nothing to stop a second time', async () => {
  house = await household({ manager: { way: 'serve' } });
  expect(await stopDaemons(house.world.host, house.record, ['manager'])).toEqual([]);
});

it('leaves no descendant: neither one that left its session nor one that is deaf to SIGTERM', async () => {
  house = await household({ manager: { way: 'with-workers' } });
  await house.start('manager');
  const pids = await house.living('manager');
  expect(pids).toHaveLength(3);
  const deaf = async () =>
    (await Promise.all(pids.map(commandOf))).filter((one) => one?.includes('worker-0'));
  while ((await deaf()).length < 2) await sleep(20);
  const began = performance.now();
  await stopDaemons(house.world.host, house.record, ['manager']);
  expect(performance.now() - began).toBeGreaterThan(1900); // they had their time
  expect(await Promise.all(pids.map(processStart))).toEqual([undefined, undefined, undefined]);
});

it('ends by force one that does not end within its time', { timeout: 30_000 }, async () => {
  house = await household({ manager: { way: 'deaf-server' } });
  await house.start('manager');
  await stopDaemons(house.world.host, house.record, ['manager']);
  expect(await house.living('manager')).toEqual([]);
});

it('leaves other daemons, other environments and their like alone', async () => {
  house = await household({ manager: { way: 'serve' }, webserver: { way: 'deaf', probe: false } });
  await house.start('manager');
  const { owner } = house.world.host;
  const marks = { BAI_DEV_ENVIRONMENT: house.record.spec.id, BAI_DEV_OWNER: owner };
  const { webserver, other } = {
    webserver: spawn('sleep', ['60'], { env: { ...marks, BAI_DEV_DAEMON: 'webserver' }, detached: true }),
    other: spawn('sleep', ['60'], {
      env: { BAI_DEV_ENVIRONMENT: 'another', BAI_DEV_OWNER: owner, BAI_DEV_DAEMON: 'manager' },
    }),
  };
  try {
    await stopDaemons(house.world.host, house.record, ['manager']);
    expect(await house.living('manager')).toEqual([]);
    expect(await house.living('webserver')).toEqual([webserver.pid]);
    expect(await processStart(other.pid!)).toBeDefined();
  } finally {
    webserver.kill('SIGKILL');
    other.kill('SIGKILL');
  }
});

/** A process with the marks of the household's manager, but for what is said. */
const marked = (
  { world, record }: Household,
  change: Readonly<Record<string, string | undefined>>,
  more: SpawnOptions = {},
): ChildProcess =>
  spawn('sleep', ['60'], {
    env: {
      BAI_DEV_ENVIRONMENT: record.spec.id,
      BAI_DEV_OWNER: world.host.owner,
      BAI_DEV_DAEMON: 'manager',
      ...change,
    },
    detached: true,
    ...more,
  });

it('ends what an older version marked with the ID alone only where it stands in the install path', async () => {
  house = await household({ manager: { way: 'serve' } });
  const { folder } = house.daemon('manager');
  const inside = marked(house, { BAI_DEV_OWNER: undefined }, { cwd: folder });
  const others = [
    marked(house, { BAI_DEV_OWNER: undefined }, { cwd: '/' }),
    marked(house, { BAI_DEV_OWNER: 'another' }, { cwd: folder }),
  ];
  try {
    expect(await house.living('manager')).toEqual([inside.pid]);
    await stopDaemons(house.world.host, house.record, ['manager']);
    expect(await processStart(inside.pid!)).toBeUndefined();
    for (const { pid } of others) expect(await processStart(pid!)).toBeDefined();
  } finally {
    for (const one of [inside, ...others]) one.kill('SIGKILL');
  }
});

it('leaves the process alone that a copied record names and another state folder started', async () => {
  house = await household({ manager: { way: 'serve' } });
  await house.start('manager');
  const { world, record } = house;
  const [pid] = await house.living('manager');
  const copied = { ...world.host, owner: ownerOf(world.host.user.uid, '/another/state') };
  expect(await stopDaemons(copied, record, ['manager'])).toEqual([]);
  expect(await house.living('manager')).toEqual([pid]);
  await stopDaemons(world.host, record, ['manager']);
});

const needed = requires('root');

it.skipIf(needed.skip)(needed.title('never ends a process of another user, also as root'), async () => {
  house = await household({ manager: { way: 'serve' } });
  const nobody = marked(house, {}, { uid: 65534, gid: 65534, cwd: '/' });
  try {
    expect(await house.living('manager')).toEqual([]);
    await stopDaemons(house.world.host, house.record, ['manager']);
    expect(await endProcesses([nobody.pid!])).toEqual([nobody.pid]);
    expect(await processStart(nobody.pid!)).toBeDefined();
  } finally {
    nobody.kill('SIGKILL');
  }
});
