// Three releases of the real Backend.AI, installed at once and running side by side on native servers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import type { StartResult } from '../../src/operations/start.ts';
import { requires } from '../rig/require.ts';
import { listening, loopback } from '../rig/sockets.ts';
import { recordOf } from '../rig/state.ts';
import { openRelease, type RealRelease } from './environment.ts';

const needed = requires('network', 'pyenv');
const versions = ['20.09', '21.03', '21.09'];
const daemons = ['manager', 'storage-proxy', 'webserver'];

describe.skipIf(needed.skip)(needed.title('three releases at once'), { timeout: 180_000 }, () => {
  let shared: RealRelease;
  let ids: ReadonlyMap<string, string>;

  beforeAll(async () => {
    // agents would share this machine's Docker engine
    shared = openRelease('21.09', { engine: 'native' });
    ids = new Map(versions.map((version) => [version, shared.id(version.replace('.', ''))]));
    const installs = [...ids].map(([version, id]) =>
      shared.run(['install', '-e', id, '--release', version, '--engine', 'native', '--yes']),
    );
    for (const { exit, stdout, stderr } of await Promise.all(installs)) expect(exit, stdout + stderr).toBe(0);
  }, 620_000);

  afterAll(async () => {
    const args = ['delete', ...ids.values(), '--yes', '--no-snapshot'];
    await shared.run(args);
    await shared.close();
  }, 120_000);

  const records = (): EnvironmentRecord[] => [...ids.values()].map((id) => recordOf(shared.home, id)!);

  it('run, and each manager says which it is', async () => {
    for (const [version, id] of ids) {
      const ended = await shared.run(['start', id]);
      expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
      const result = ended.envelope?.result as unknown as StartResult;
      const started = result.daemons.filter(({ outcome }) => outcome === 'started').map(({ name }) => name);
      expect(started, version).toEqual(daemons);
    }
    for (const { spec } of records()) {
      const answer = await fetch(`http://127.0.0.1:${spec.ports.manager}/`);
      expect(await answer.json()).toMatchObject({
        manager: expect.stringContaining(spec.release.version) as string,
      });
    }
  });

  it('have no port in common, and listen on loopback alone', () => {
    const all = records().map(({ spec: { ports } }) => {
      const { kernelFirst, kernelLast, ...single } = ports;
      expect(kernelLast).toBeGreaterThan(kernelFirst);
      return Object.values(single);
    });
    expect(new Set(all.flat()).size).toBe(all.flat().length);
    const sockets = listening();
    for (const ports of all) {
      const open = sockets.filter(({ port }) => ports.includes(port));
      // PostgreSQL, Redis, etcd with its peer port, manager, webserver, storage-proxy twice
      expect(open.length).toBeGreaterThanOrEqual(8);
      expect(new Set(open.map(({ address }) => address))).toEqual(new Set([loopback]));
    }
  });
});
