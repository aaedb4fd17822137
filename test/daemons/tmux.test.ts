// Daemons in windows of a real tmux, with a server of its own.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { plainLines } from '../../src/daemons/log.ts';
import { recordedProcesses } from '../../src/daemons/running.ts';
import { stopDaemons } from '../../src/daemons/stop.ts';
import { assertTmux, closeWindows } from '../../src/daemons/tmux.ts';
import { sandbox } from '../rig/world.ts';
import { household, type Household } from './household.ts';

const missing = !['/usr/bin/tmux', '/usr/local/bin/tmux', '/opt/homebrew/bin/tmux'].some((path) =>
  existsSync(path),
);

let house: Household | undefined;
let variables: Record<string, string> = {};

async function open(wanted: Parameters<typeof household>[0]): Promise<Household> {
  const box = sandbox();
  variables = { TMUX_TMPDIR: box.folder };
  house = await household(wanted, variables);
  const { close } = house;
  return (house = {
    ...house,
    close: async () => {
      await close();
      try {
        tmux('kill-server');
      } catch {
        // it went with its last window
      }
      box.remove();
    },
  });
}

const tmux = (...args: string[]): string =>
  execFileSync('tmux', args, { env: { ...process.env, ...variables }, encoding: 'utf8', stdio: 'pipe' });

const windows = (id: string): string[] =>
  tmux('list-windows', '-t', `=${id}`, '-F', '#{window_name}').trim().split('\n').sort();

afterEach(async () => {
  await house?.close();
  house = undefined;
});

describe.skipIf(missing)(missing ? 'tmux (there is none on this machine)' : 'tmux', () => {
  it('gives each a window of a session named after the environment, and keeps their logs', async () => {
    house = await open({ manager: { way: 'serve' }, webserver: { way: 'die', more: 'no luck' } });
    const { start, record, port, daemon, living } = house;
    const { id } = record.spec;
    expect(await start('manager', { tmux: true })).toBe('started');
    expect(windows(id)).toEqual(['manager']);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('hello');
    const [entry] = recordedProcesses(record, 'manager');
    expect(await living('manager')).toEqual([entry?.pid]);
    expect(await plainLines(daemon('manager').log, 5)).toEqual([`listens on ${port}`]);
    const environ = readFileSync(`/proc/${entry!.pid}/environ`, 'utf8').split('\0');
    expect(environ).toContain(`BAI_DEV_ENVIRONMENT=${id}`);
    expect(environ.filter((one) => one.startsWith('BAI_DEV_RUN'))).toEqual([]);

    expect(await start('manager', { tmux: true })).toBe('kept');
    expect(windows(id)).toEqual(['manager']);

    await stopDaemons(house.world.host, record, ['manager']);
    await closeWindows(house.world, id, [entry!.pid]);
    expect(() => windows(id)).toThrow();
  });

  it('tells how one ended, and keeps its window to be read', async () => {
    house = await open({ webserver: { way: 'die', more: 'no luck' } });
    const { start, record } = house;
    const error: unknown = await start('webserver', { tmux: true }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'BAI-UNHEALTHY' });
    // on a busy machine tmux 3.3 now and then misses the status of a child
    expect((error as Error).message).toMatch(/^webserver ended( with status 5)? before it was ready\.$/);
    expect((error as { more: { lines: string[] } }).more.lines).toContain('no luck');
    expect(windows(record.spec.id)).toEqual(['webserver']);
  });

  it('does not end with the run that started it', async () => {
    house = await open({ manager: { way: 'serve' } });
    await house.start('manager', { tmux: true });
    const server = tmux('display-message', '-p', '#{pid}').trim();
    expect(readFileSync(`/proc/${server}/environ`, 'utf8')).not.toContain('BAI_DEV_RUN');
  });

  it('leaves the windows of others', async () => {
    house = await open({ manager: { way: 'serve' } });
    const { id } = house.record.spec;
    tmux('new-session', '-d', '-s', id, '-n', 'mine', 'sleep', '60');
    await house.start('manager', { tmux: true });
    expect(windows(id)).toEqual(['manager', 'mine']);
    const [entry] = recordedProcesses(house.record, 'manager');
    await stopDaemons(house.world.host, house.record, ['manager']);
    await sleep(50);
    await closeWindows(house.world, id, [entry!.pid]);
    expect(windows(id)).toEqual(['mine']);
  });

  it.each(['another', undefined])('leaves the session of another state folder (%s) alone', async (owner) => {
    house = await open({ manager: { way: 'serve' } });
    const { id } = house.record.spec;
    tmux('new-session', '-d', '-s', id, '-n', 'manager', 'sleep', '60');
    if (owner !== undefined) tmux('set-option', '-t', `=${id}:`, '@bai-dev-owner', owner);
    const pid = (): string => tmux('list-panes', '-s', '-t', `=${id}`, '-F', '#{pane_pid}').trim();
    const before = pid();
    await house.start('manager', { tmux: true });
    expect(windows(`${id}-${house.world.host.owner}`)).toEqual(['manager']);
    await stopDaemons(house.world.host, house.record, ['manager']);
    await closeWindows(house.world, id, [Number(before)]);
    expect(pid()).toBe(before);
  });
});

it('says how to get it where there is none', async () => {
  const box = sandbox({ variables: { PATH: '/nowhere' } });
  await expect(assertTmux(box.world)).rejects.toMatchObject({ code: 'BAI-PRECHECK' });
  box.remove();
});
