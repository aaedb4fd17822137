// The real Backend.AI 20.09 from PyPI, on both engines: what is particular to it is data.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartResult } from '../../src/operations/start.ts';
import type { StatusResult } from '../../src/operations/status.ts';
import { requires } from '../rig/require.ts';
import { checkRelease } from './checks.ts';
import { mockPlugin } from '../rig/mock.ts';
import { client, openRelease, python, type RealRelease } from './environment.ts';

const needed = requires('docker', 'network', 'pyenv');

describe.skipIf(needed.skip)(needed.title('20.09 for real'), { timeout: 120_000 }, () => {
  let release: RealRelease;
  beforeAll(() => {
    release = openRelease('20.09');
  });
  afterAll(() => release.close());

  describe('on Docker', () => {
    checkRelease({ opened: () => release, version: '20.09.29', agent: true });
  });

  it('runs on the native engine, its agent with GPUs that are made up', { timeout: 620_000 }, async () => {
    const id = release.id('native');
    const plugin = mockPlugin(release.program, '2009');
    const words = ['--enable-cuda', '--cuda-branch', 'mock'];
    const args = release.installing(id).map((word) => (word === 'docker' ? 'native' : word));
    try {
      const made = await release.run([...args, ...words]);
      expect(made.exit, made.stdout + made.stderr).toBe(0);
      expect(made.stdout).toContain('is past its support');
      const started = await release.run(['start', id]);
      expect(started.exit, started.stdout + started.stderr).toBe(0);
      const { daemons } = started.envelope?.result as unknown as StartResult;
      expect(daemons.map(({ name, outcome }) => `${name} ${outcome}`).sort()).toEqual(
        ['agent', 'manager', 'storage-proxy', 'webserver'].map((name) => `${name} started`),
      );
      const guide = await release.guide(id);
      const users = client(release.home, guide, guide.client.users);
      for (const { email } of guide.accounts) expect(users).toContain(email);
      const looked = await release.run(['status', id]);
      const { rows } = looked.envelope?.result as unknown as StatusResult;
      expect(rows.find(({ name }) => name === 'agent')?.slots).toMatchObject({
        'cuda.device': { used: '0', of: '4' },
      });
      const tree = `${guide.installPath}/accel-cuda`;
      expect(
        python(release.home, tree, ['-c', 'import standin_cuda; print(standin_cuda.__file__)']),
      ).toContain(tree);
    } finally {
      await release.run(['stop', id]);
      await release.run(['delete', '-e', id, '--yes', '--no-snapshot']);
      plugin.remove();
    }
  });
});
