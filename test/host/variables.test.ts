// What children get of the user's variables: real processes that print theirs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spawnDetached } from '../../src/host/detach.ts';
import { execute } from '../../src/host/exec.ts';
import { runInForeground } from '../../src/host/foreground.ts';
import { childVariables, withoutProxyHere } from '../../src/host/variables.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

/** Each of them changes what a program does. */
const hostile = {
  ...{
    PYTHONPATH: '/elsewhere',
    PYTHONHOME: '/elsewhere',
    PYTHONWARNINGS: 'error',
    VIRTUAL_ENV: '/elsewhere',
  },
  ...{ BACKEND_ETCD_ADDR: '10.0.0.1:2379', ETCDCTL_API: '2', REDISCLI_AUTH: 'x', PGHOST: '10.0.0.1' },
  ...{ LD_PRELOAD: '/elsewhere.so', LD_LIBRARY_PATH: '/elsewhere', NODE_ENV: 'production', DEBUG: '*' },
  ...{ GIT_DIR: '/elsewhere', GIT_TRACE: '1', NODE_OPTIONS: '--inspect' },
};
const kept = { GIT_SSH_COMMAND: 'ssh -v', MINE: 'yes', LANG: 'C.UTF-8', DOCKER_CONFIG: '/x' };
const proxied = { http_proxy: 'http://127.0.0.1:9', no_proxy: 'corp.test', NO_PROXY: undefined };
const exempt = 'corp.test,localhost,127.0.0.1,::1';

let box: Sandbox;
beforeEach(() => (box = sandbox({ variables: { ...hostile, ...kept, ...proxied } })));
afterEach(() => box.remove());

const variablesIn = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split('\n')
      .map((line) => /^(\w+)=(.*)$/.exec(line))
      .flatMap((match) => (match === null ? [] : [[match[1] ?? '', match[2] ?? '']])),
  );

describe('a child of bai-dev', () => {
  it('that is run, or started as a server, gets nothing that steers it and no proxy for this machine', async () => {
    const { stdout } = await execute(box.world, { file: '/usr/bin/env', args: [], limit: 20 });
    const log = join(box.folder, 'log');
    await spawnDetached(box.world, { file: '/bin/sh', args: ['-c', 'env; echo END'], cwd: '/', log });
    await expect.poll(() => readFileSync(log, 'utf8'), { timeout: 20_000 }).toContain('END');
    for (const text of [stdout, readFileSync(log, 'utf8')]) {
      const found = variablesIn(text);
      expect(Object.keys(found).filter((name) => name in hostile)).toEqual([]);
      expect(found).toMatchObject({ ...kept, no_proxy: exempt, NO_PROXY: exempt });
    }
  });

  it("that is the user's own keeps all but what would make the component another", async () => {
    const file = join(box.folder, 'out');
    const { host } = box.world;
    const variables = { ...host.variables, LD_PRELOAD: undefined };
    await runInForeground(
      { ...box.world, host: { ...host, variables } },
      {
        ...{ file: '/bin/sh', args: ['-c', `env > ${file}`], cwd: '/', environment: {} },
        handOver: () => undefined,
      },
    );
    const found = variablesIn(readFileSync(file, 'utf8'));
    const own = { PGHOST: '10.0.0.1', DEBUG: '*', NODE_ENV: 'production' };
    expect(found).toMatchObject({ ...kept, ...own, no_proxy: exempt });
    expect(Object.keys(found).filter((name) => /^(PYTHON(PATH|HOME)|BACKEND_)/.test(name))).toEqual([]);
  });

  it('whose output has no end is ended with all that it started', async () => {
    const args = ['-c', 'yes $(printf %01000d 1) & wait'];
    const asked = execute(box.world, { file: '/bin/sh', args, limit: 60, quiet: true });
    await expect(asked).rejects.toMatchObject({
      code: 'BAI-COMMAND',
      message: '/bin/sh printed more than 64 MiB and was stopped.',
    });
  }, 60_000);
});

describe('no_proxy', () => {
  it.each<[Record<string, string>, string | undefined]>([
    [{}, undefined],
    [{ no_proxy: 'a' }, undefined],
    [{ HTTPS_PROXY: 'http://p' }, 'localhost,127.0.0.1,::1'],
    [{ all_proxy: 'p', NO_PROXY: '127.0.0.1 b' }, '127.0.0.1,b,localhost,::1'],
    [{ all_proxy: 'p', no_proxy: 'a', NO_PROXY: 'b' }, 'a,b,localhost,127.0.0.1,::1'],
  ])('of %j is %s', (variables, list) => {
    const both = list === undefined ? {} : { no_proxy: list, NO_PROXY: list };
    expect(withoutProxyHere(variables)).toEqual(both);
    expect(childVariables(variables, 'own')).toMatchObject(both);
  });
});
