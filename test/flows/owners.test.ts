// Two HOMEs with an environment of the same ID side by side, one in Docker and one native: no command of one touches,
// counts or names anything of the other.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownerOf } from '../../src/host/identity.ts';
import type { ListResult } from '../../src/operations/list.ts';
import { addStandInDaemons } from '../rig/daemons.ts';
import { carrying } from '../rig/household.ts';
import type { Home } from '../rig/program.ts';
import { requires } from '../rig/require.ts';
import { listening } from '../rig/sockets.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { recordOf } from '../rig/state.ts';

const needed = requires('docker', 'network', 'pyenv');
const names = ['agent', 'manager', 'storage-proxy', 'webserver'];

describe.skipIf(needed.skip)(needed.title('two HOMEs with one ID'), { timeout: 120_000 }, () => {
  let stage: Stage;
  let docker: Home;
  let native: Home;
  let id: string;

  beforeAll(async () => {
    stage = await openStage();
    addStandInDaemons(stage.program);
    [docker, native] = [stage.home(), stage.home()];
    id = stage.id('owners');
    await done(docker, ...stage.install(id));
    await done(native, ...nativeInstall());
  }, 120_000);

  afterAll(async () => {
    for (const home of [docker, native]) {
      await stage.run(home, ['delete', '-e', id, '--yes', '--no-snapshot', '--force']);
    }
    await stage.close();
  }, 60_000);

  /** In a block that the other home did not name; `--engine` is given last. */
  const nativeInstall = (): string[] => {
    const args = [...stage.install(stage.id('ports'), '--engine', 'native')];
    return args.map((arg, at) => (args[at - 1] === '-e' ? id : arg));
  };

  async function done<T>(home: Home, ...args: readonly string[]): Promise<T> {
    const ended = await stage.run(home, args, { limit: 100 });
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    return ended.envelope?.result as T;
  }

  const owner = (home: Home): string => ownerOf(process.getuid?.() ?? 0, home.state);
  const daemons = (home: Home): string[] =>
    names.filter((name) => carrying(id, name, owner(home)).length > 0);
  const listed = async (home: Home) => {
    const { environments } = await done<ListResult>(home, 'list');
    const row = environments.find((one) => one.id === id);
    return { halfstack: row?.halfstack, daemons: [...(row?.daemons?.running ?? [])].sort() };
  };
  const servers = (home: Home): boolean => {
    const { postgres, redis, etcd } = recordOf(home, id)!.spec.ports;
    const open = listening().map(({ port }) => port);
    return [postgres, redis, etcd].every((port) => open.includes(port));
  };

  it('start, stop and start again each their own', async () => {
    await done(docker, 'start', id);
    expect(await listed(native)).toEqual({ halfstack: 'up', daemons: [] });
    await done(native, 'start', id);
    expect([daemons(docker), daemons(native)]).toEqual([names, names]);
    for (const home of [docker, native])
      expect(await listed(home)).toEqual({ halfstack: 'up', daemons: names });

    await done(native, 'stop', id);
    expect([daemons(docker), daemons(native)]).toEqual([names, []]);
    expect(servers(docker)).toBe(true);
    expect(await listed(native)).toEqual({ halfstack: 'stopped', daemons: [] });

    const before = carrying(id, 'manager', owner(docker));
    await done(native, 'switch', id, '--start');
    expect(carrying(id, 'manager', owner(docker))).toEqual(before);
    expect(daemons(native)).toEqual(names);
    await done(docker, 'stop', id);
    expect([daemons(docker), daemons(native)]).toEqual([[], names]);
    expect(servers(native)).toBe(true);
  });

  it('are in each other’s way in one engine, which advises to remove nothing', async () => {
    const other = stage.home();
    const { exit, stdout, envelope } = await stage.run(other, [...stage.install(id), '--yes']);
    expect(exit, stdout).toBe(3);
    expect(JSON.stringify(envelope?.failure)).toContain('of another user or another state folder');
    expect(stdout).not.toMatch(/docker (rm|volume rm|network rm)/);
  });

  it('delete each their own, and nothing that carries the ID alone', async () => {
    await done(docker, 'start', id, '--halfstack-only');
    const label = `dev.bai-dev.environment=${id}`;
    const containers = (): string =>
      execFileSync('docker', ['ps', '-aq', '--filter', `label=${label}`], { encoding: 'utf8' });
    const image = Object.values(recordOf(docker, id)!.spec.images)[0]!;
    const create = ['create', '--name', `${id}-older`, '--label', label, image];
    const older = execFileSync('docker', create, { encoding: 'utf8' }).slice(0, 12);
    try {
      const before = containers();
      expect(before.trim().split('\n')).toHaveLength(4);
      await done(native, 'delete', '-e', id, '--yes', '--no-snapshot');
      expect(daemons(native)).toEqual([]);
      expect(containers()).toBe(before);
      await done(docker, 'delete', '-e', id, '--yes', '--no-snapshot');
      expect(containers().trim()).toBe(older);
    } finally {
      execFileSync('docker', ['rm', '-f', `${id}-older`]);
    }
  });
});
