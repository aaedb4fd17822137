// Ending daemons: with all that they started, gently first, and nobody else.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { stopDaemons } from '../../src/daemons/stop.ts';
import { commandOf, processStart } from '../../src/host/proc.ts';
import { household, type Household } from './household.ts';

let house: Household | undefined;
afterEach(async () => {
  await house?.close();
});

it('lets one end by itself', async () => {
  house = await household({ manager: { way: 'serve' } });
  await house.start('manager');
  expect(await stopDaemons(house.record, ['manager'])).toEqual(['manager']);
  expect(await house.living('manager')).toEqual([]);
  expect(readFileSync(house.daemon('manager').log, 'utf8')).toContain('ends gently');
});

it('finds nothing to stop a second time', async () => {
  house = await household({ manager: { way: 'serve' } });
  expect(await stopDaemons(house.record, ['manager'])).toEqual([]);
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
  await stopDaemons(house.record, ['manager']);
  expect(performance.now() - began).toBeGreaterThan(1900); // they had their time
  expect(await Promise.all(pids.map(processStart))).toEqual([undefined, undefined, undefined]);
});

it('ends by force one that does not end within its time', { timeout: 30_000 }, async () => {
  house = await household({ manager: { way: 'deaf-server' } });
  await house.start('manager');
  await stopDaemons(house.record, ['manager']);
  expect(await house.living('manager')).toEqual([]);
});

it('leaves other daemons, other environments and their like alone', async () => {
  house = await household({ manager: { way: 'serve' }, webserver: { way: 'deaf', probe: false } });
  await house.start('manager');
  const { webserver, other } = {
    webserver: spawn('sleep', ['60'], {
      env: { BAI_DEV_ENVIRONMENT: house.record.spec.id, BAI_DEV_DAEMON: 'webserver' },
      detached: true,
    }),
    other: spawn('sleep', ['60'], { env: { BAI_DEV_ENVIRONMENT: 'another', BAI_DEV_DAEMON: 'manager' } }),
  };
  try {
    await stopDaemons(house.record, ['manager']);
    expect(await house.living('manager')).toEqual([]);
    expect(await house.living('webserver')).toEqual([webserver.pid]);
    expect(await processStart(other.pid!)).toBeDefined();
  } finally {
    webserver.kill('SIGKILL');
    other.kill('SIGKILL');
  }
});
