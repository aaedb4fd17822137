// Many installs that begin in the same second, in one home: each gets ports of its own, and all of them finish.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import type { ListResult } from '../../src/operations/list.ts';
import type { Home } from '../rig/program.ts';
import { standInVersion } from '../rig/release.ts';
import { requires } from '../rig/require.ts';
import { listening, loopback } from '../rig/sockets.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { recordOf } from '../rig/state.ts';

const needed = requires('network', 'pyenv');

describe.skipIf(needed.skip)(needed.title('five installs at once'), { timeout: 300_000 }, () => {
  let stage: Stage;
  let home: Home;
  let ids: readonly string[];

  beforeAll(async () => {
    stage = await openStage();
    home = stage.home();
    ids = ['one', 'two', 'three', 'four', 'five'].map((name) => stage.id(name));
  }, 60_000);

  afterAll(async () => {
    for (const id of ids) await stage.run(home, ['delete', '-e', id, '--yes', '--no-snapshot']);
    await stage.close();
  }, 120_000);

  const records = (): EnvironmentRecord[] => ids.map((id) => recordOf(home, id)!);

  it('all finish', async () => {
    const args = ['install', '--release', standInVersion, '--index', stage.index.url, '--engine', 'native'];
    const ends = await Promise.all(
      ids.map((id) => stage.run(home, [...args, '-e', id, '--yes'], { limit: 280 })),
    );
    for (const { exit, stdout, stderr } of ends) expect(exit, stdout + stderr).toBe(0);
    const { envelope } = await stage.run(home, ['list']);
    const { environments } = envelope?.result as unknown as ListResult;
    // other tests' environments are foreign here
    const ours = environments.filter(({ state }) => state !== 'foreign');
    expect(ours.map(({ id, state, halfstack }) => [id, state, halfstack])).toEqual(
      [...ids].sort().map((id) => [id, 'ready', 'up']),
    );
  });

  it('have no port in common', () => {
    const ports = records().flatMap(({ spec: { ports: own } }) => {
      const { kernelFirst, kernelLast, ...single } = own;
      const kernels = Array.from({ length: kernelLast - kernelFirst + 1 }, (_, at) => kernelFirst + at);
      return [...Object.values(single), ...kernels];
    });
    expect(ports.length).toBeGreaterThan(5 * 14);
    expect(new Set(ports).size).toBe(ports.length);
  });

  it('listen on loopback alone', () => {
    const open = listening();
    for (const { spec } of records()) {
      for (const port of [spec.ports.postgres, spec.ports.redis, spec.ports.etcd])
        expect(open.filter((one) => one.port === port)).toEqual([{ address: loopback, port }]);
    }
  });
});
