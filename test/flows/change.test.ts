// Changing one's mind: the built program with stand-in components, small repositories and real halfstacks.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { etcdRange, etcdTransaction } from '../../src/halfstack/etcd.ts';
import { withPostgres } from '../../src/halfstack/postgres.ts';
import { endpointsOf } from '../../src/halfstack/stack.ts';
import type { InstallResult } from '../../src/operations/install.ts';
import { addStandInDaemons } from '../rig/daemons.ts';
import type { Ended, Home } from '../rig/program.ts';
import { putStandInRelease } from '../rig/release.ts';
import { makeRepositories, submodulePath, type Repositories } from '../rig/repositories.ts';
import { requires } from '../rig/require.ts';
import { freeBase, openStage, type Stage } from '../rig/stage.ts';
import { recordOf } from '../rig/state.ts';
import { gitIn } from '../rig/work.ts';

const { signal } = new AbortController();
const redisKey = '/standin/config/redis/addr';

/** A plugin: the client's repository, which nothing else in the manager's virtualenv comes from. */
const accelerators = {
  'cuda-mock': {
    trees: {
      'accel-cuda': {
        folder: 'accel-cuda',
        repository: 'https://example.com/standin-client-py',
        branch: '99.01',
        line: 'cuda' as const,
        submodules: ['https://example.com/standin-pages'],
      },
    },
    virtualenvs: {
      'accel-cuda': { suffix: 'accel-cuda', tree: 'accel-cuda', shares: ['common'], seconds: 1 },
    },
    components: { 'accel-cuda': { tree: 'accel-cuda', virtualenv: 'accel-cuda' } },
    files: [
      {
        template: 'config/9901/cuda-mock.toml',
        tree: 'manager',
        path: 'cuda-mock.toml',
        format: 'toml' as const,
      },
    ],
    shares: { manager: ['accel-cuda'] },
    slot: 'cuda.device',
    asks: {},
  },
};

/** An environment of that engine, everything that tests ask of it, and what a developer put there. */
function household(engine: 'docker' | 'native') {
  let stage: Stage;
  let repositories: Repositories;
  let home: Home;
  let id: string;
  const run = (...args: readonly string[]): Promise<Ended> => stage.run(home, args, { limit: 110 });
  const record = () => recordOf(home, id)!;
  const endpoints = () => endpointsOf(record().spec, record().secrets);
  const done = async (...args: readonly string[]): Promise<Ended> => {
    const ended = await run(...args);
    expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    return ended;
  };
  return {
    get stage() {
      return stage;
    },
    get repositories() {
      return repositories;
    },
    get id() {
      return id;
    },
    run,
    done,
    record,
    endpoints,
    async open() {
      stage = await openStage();
      repositories = makeRepositories(stage.standIns);
      putStandInRelease(stage.program, stage.standIns, { accelerators });
      addStandInDaemons(stage.program);
      stage.program.put('templates/config/9901/cuda-mock.toml', 'devices = 4\n');
      home = stage.home();
      id = stage.id('change');
      await done(...stage.install(id, '--engine', engine));
      await withPostgres(endpoints().postgres, signal, (client) =>
        client.query("INSERT INTO users VALUES ('somebody@example.com')"),
      );
      await etcdTransaction(endpoints().etcd, { absent: [], put: [{ key: '/somebody', value: 'was here' }] });
    },
    async close() {
      await stage.run(home, ['delete', '-e', id, '--yes', '--no-snapshot', '--force']);
      await stage.close();
      repositories.remove();
    },
    tree: (name: string) => join(record().spec.installPath, name),
    change: (...words: readonly string[]) => run('install', '-e', id, '--change', '--yes', ...words),
    changed: async (...words: readonly string[]) => {
      const ended = await done('install', '-e', id, '--change', '--yes', ...words);
      expect(ended.envelope?.result).toMatchObject({ outcome: 'changed' });
      return stepsDone(ended);
    },
    kill: async (kill: string, ...words: readonly string[]) => {
      const args = ['install', '-e', id, '--change', '--yes', ...words];
      const killed = await stage.run(home, args, { kill, limit: 60 });
      expect(killed.signal, killed.stdout).toBe('SIGKILL');
    },
    /** Nothing of the developer's is lost, no half of a change is left, and nothing is left to do. */
    async isWhole() {
      const users = await withPostgres(endpoints().postgres, signal, (client) =>
        client.query<{ email: string }>('SELECT email FROM users'),
      );
      expect(users.rows.map(({ email }) => email)).toContain('somebody@example.com');
      expect(await etcdRange(endpoints().etcd, '/somebody')).toHaveLength(1);
      expect((await etcdRange(endpoints().etcd, redisKey))[0]?.value).toBe(
        `127.0.0.1:${record().spec.ports.redis}`,
      );
      expect(record()).toMatchObject({ phase: 'ready' });
      expect(record()).not.toHaveProperty('former');
      for (const resource of record().resources) {
        if (resource.kind !== 'tree') continue;
        gitIn(resource.path, 'fsck', '--strict', '--no-dangling');
        expect(gitIn(resource.path, 'status', '--porcelain')).toBe('');
        for (const beside of ['partial', 'next', 'former']) {
          expect(existsSync(join(resource.path, '..', `.${resource.tree}.${beside}`))).toBe(false);
        }
      }
      const again = await done('install', '-e', id);
      expect(again.envelope?.result).toMatchObject({ outcome: 'unchanged' });
    },
  };
}

/** The steps that did something, sorted. */
const stepsDone = ({ lines }: Ended): string[] =>
  lines
    .filter((line) => line['kind'] === 'step-ended' && line['outcome'] === 'done')
    .map((line) => String(line['step']))
    .sort();

const warnings = ({ lines }: Ended): string[] =>
  lines.filter((line) => line['severity'] === 'warning').map((line) => String(line['message']));

const needed = requires('docker', 'network', 'pyenv');

describe.skipIf(needed.skip)(needed.title('a change'), { timeout: 120_000 }, () => {
  const env = household('docker');
  beforeAll(() => env.open(), 120_000);
  afterAll(() => env.close());
  const fromGit = () => ['--source', 'common=git', '--repositories', env.repositories.folder];

  it('needs a yes where nobody can be asked, and is only shown by a dry run', async () => {
    const before = env.record();
    const asked = await env.run('install', '-e', env.id, '--change', ...fromGit());
    expect(asked.envelope?.failure).toMatchObject({ code: 'BAI-QUESTION', exit: 2 });
    const shown = await env.done('install', '-e', env.id, '--change', '--dry-run', ...fromGit());
    const { differences, plan } = shown.envelope?.result as unknown as InstallResult;
    expect(differences).toMatchObject([{ what: 'the source of common', is: 'pypi', wish: 'git' }]);
    expect(plan?.filter(({ outlook }) => outlook === 'make').map((step) => step.id)).toEqual([
      'source:common',
      'virtualenv:manager',
      'virtualenv:common',
    ]);
    expect(env.record()).toEqual(before);
  });

  it.each([
    ['--release', '21.09'],
    ['--install-path', '/elsewhere'],
    ['--engine', 'native'],
    ['--python-version', '3.8'],
  ])('of %s is refused with the way to get there', async (flag, value) => {
    const before = env.record();
    const { envelope } = await env.change(flag, value);
    expect(envelope?.failure).toMatchObject({ code: 'BAI-CONFLICT-SPEC', exit: 5 });
    expect(envelope?.failure?.next[0]?.command).toContain('ANOTHER-ID');
    expect(env.record()).toEqual(before);
  });

  it('from PyPI to git runs only what differs; an edited file goes along', async () => {
    const edited = join(env.tree('manager'), 'manager.toml');
    appendFileSync(edited, '# mine\n');
    const source = ['--source', 'manager=git', '--repositories', env.repositories.folder];
    expect(await env.changed(...source)).toEqual(['source:manager', 'virtualenv:manager']);
    expect(readFileSync(edited, 'utf8')).toContain('# mine');
    expect(gitIn(env.tree('manager'), 'status', '--porcelain', '--branch').trim()).toBe(
      '## 99.01...origin/99.01',
    );
    writeFileSync(edited, readFileSync(edited, 'utf8').replace('# mine\n', ''));
    expect(await env.changed(...fromGit())).toEqual([
      'source:common',
      'virtualenv:common',
      'virtualenv:manager',
    ]);
    await env.isWhole();
  });

  it.each(['feature/x', '99.01.0', 'the commit of feature/x'])(
    'of a ref to %s is refused while work is in the tree; done by hand as it says, it is taken as it is',
    async (wish) => {
      const tip = env.repositories.git('standin-common', 'rev-parse', 'feature/x');
      const ref = wish.startsWith('the commit') ? tip : wish;
      const notes = join(env.tree('common'), 'idea.py');
      writeFileSync(notes, 'x\n');
      const before = env.record();
      const { envelope } = await env.change('--ref', `common=${ref}`);
      expect(envelope?.failure).toMatchObject({ code: 'BAI-GIT-WORK', exit: 5 });
      expect(JSON.stringify(envelope?.failure?.['lines'])).toContain('idea.py');
      expect(env.record()).toEqual(before);

      const command = envelope?.failure?.next[1]?.command ?? '';
      execFileSync('sh', ['-ec', command], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 });
      expect(await env.changed('--ref', `common=${ref}`)).toEqual([
        'source:common',
        'virtualenv:common',
        'virtualenv:manager',
      ]);
      expect(readFileSync(notes, 'utf8')).toBe('x\n');
      expect(env.record().spec.trees['common']?.ref).toBe(ref);
      gitIn(env.tree('common'), 'clean', '--quiet', '--force');
      await env.isWhole();
    },
  );

  it('of a ref stays in the repository, with the branches that were there', async () => {
    gitIn(env.tree('common'), 'branch', 'topic');
    expect(await env.changed('--ref', 'common=feature/x')).toEqual([
      'source:common',
      'virtualenv:common',
      'virtualenv:manager',
    ]);
    expect(gitIn(env.tree('common'), 'branch', '--format=%(refname:short) %(upstream:short)')).toBe(
      '99.01 origin/99.01\nfeature/x origin/feature/x\ntopic \n',
    );
    expect(readFileSync(join(env.tree('common'), 'CHANGES.md'), 'utf8')).toBe('x\n');
    await env.isWhole();
  });

  it.each(['record:1', 'source:common:started', 'source:common:child', 'source:common:effect'])(
    'of a ref, killed at %s, goes on or has not begun',
    async (kill) => {
      const before = env.record();
      const ref = before.spec.trees['common']?.ref === '99.01.0' ? '99.01' : '99.01.0';
      await env.kill(kill, '--ref', `common=${ref}`);
      if (kill === 'record:1') expect(env.record()).toEqual(before);
      else await env.done('install', '-e', env.id);
      if (kill === 'record:1') await env.changed('--ref', `common=${ref}`);
      expect(env.record().spec.trees['common']?.ref).toBe(ref);
      const head = gitIn(env.tree('common'), 'rev-parse', 'HEAD').trim();
      expect(head).toBe(env.repositories.git('standin-common', 'rev-parse', `${ref}^{commit}`));
      await env.isWhole();
    },
  );

  it('that cannot be finished can be taken back', async () => {
    const before = env.record().spec.trees['common']?.ref ?? '';
    env.repositories.commit('standin-common', 'broken', { 'backend.py': 'raise SystemExit(1)\n' });
    const failed = await env.change('--ref', 'common=broken');
    expect(failed.envelope?.failure?.code).toBe('BAI-PYTHON-INSTALL');
    await env.changed('--ref', `common=${before}`);
    expect(env.record().spec.trees['common']?.ref).toBe(before);
    await env.isWhole();
  });

  it('of ports stops what runs, rewrites what is ours and tells what is not', async () => {
    const { ports: old, portBase } = env.record().spec;
    await env.done('start', env.id, '--only', 'manager');
    const base = freeBase([portBase]);
    const shown = await env.done('install', '-e', env.id, '--change', '--yes', '--ports', `${base}`);
    expect(shown.lines.find(({ kind }) => kind === 'change')).toMatchObject({ stops: ['manager'] });
    expect(stepsDone(shown)).toEqual([
      'client:environment',
      'configure:manager',
      'daemon:manager',
      'etcd:adapt',
      'halfstack:compose',
      'halfstack:up',
      // for the snapshot, and by the change itself
      'stop:halfstack',
      'stop:halfstack',
      'stop:manager',
    ]);
    expect(warnings(shown)).toEqual([]);
    // what ran runs again, and the data was saved before anything touched it
    expect(shown.envelope?.result?.['saved']).toMatchObject({ missing: [], release: '99.01' });
    await env.done('stop', env.id, '--only', 'manager');
    expect(env.record().spec.ports.postgres).not.toBe(old.postgres);
    expect(env.record().resources).toContainEqual({ kind: 'lease', base });
    await env.isWhole();

    await etcdTransaction(env.endpoints().etcd, {
      absent: [],
      put: [{ key: redisKey, value: 'redis.example.com:6379' }],
    });
    const drifted = await env.done('install', '-e', env.id, '--change', '--yes', '--ports', `${portBase}`);
    expect(warnings(drifted)).toEqual([
      `The key ${redisKey} in etcd holds "redis.example.com:6379" and is left so; ours would be "127.0.0.1:${old.redis}".`,
    ]);
    await etcdTransaction(env.endpoints().etcd, {
      absent: [],
      put: [{ key: redisKey, value: `127.0.0.1:${old.redis}` }],
    });
    await env.isWhole();
  });

  it.each(['halfstack:up:started', 'etcd:adapt:effect'])('of ports, killed at %s, goes on', async (kill) => {
    const { portBase } = env.record().spec;
    const base = freeBase([portBase]);
    await env.kill(kill, '--ports', `${base}`);
    expect((await env.run('reset', env.id, '--yes')).envelope?.failure?.code).toBe('BAI-CONFLICT-PHASE');
    await env.done('install', '-e', env.id);
    expect(env.record().spec.portBase).toBe(base);
    await env.isWhole();
  });

  it('of one port to one that another server has is refused', async () => {
    const { ports } = env.record().spec;
    const ended = await env.change('--redis-port', `${ports.postgres}`);
    expect(ended.envelope?.failure).toMatchObject({ code: 'BAI-USAGE' });
  });

  it('brings a plugin and takes it away', async () => {
    const place = ['--repositories', env.repositories.folder];
    const on = await env.changed('--enable-cuda-mock', ...place);
    expect(on).toEqual(
      expect.arrayContaining(['source:accel-cuda', 'virtualenv:accel-cuda', 'virtualenv:manager']),
    );
    expect(existsSync(join(env.tree('accel-cuda'), submodulePath, 'index.html'))).toBe(true);
    expect(existsSync(join(env.tree('manager'), 'cuda-mock.toml'))).toBe(true);
    const virtualenv = env
      .record()
      .resources.find((one) => one.kind === 'virtualenv' && one.name.endsWith('accel-cuda'));
    await env.isWhole();

    await env.kill('virtualenv:manager:started', '--no-cuda');
    await env.done('install', '-e', env.id);
    expect(existsSync(env.tree('accel-cuda'))).toBe(false);
    expect(existsSync(join(env.tree('manager'), 'cuda-mock.toml'))).toBe(false);
    expect(virtualenv?.kind === 'virtualenv' && existsSync(virtualenv.path)).toBe(false);
    expect(JSON.stringify(env.record())).not.toContain('venv-accel');
    await env.isWhole();
  });

  it('back to PyPI takes another tree, of which nothing is left over', async () => {
    const done = await env.changed('--source', 'pypi');
    expect(done).toEqual(expect.arrayContaining(['source:common', 'source:manager']));
    expect(gitIn(env.tree('common'), 'remote')).toBe('');
    await env.isWhole();
  });
});

describe.skipIf(needed.skip)(needed.title('a change without Docker'), { timeout: 120_000 }, () => {
  const env = household('native');
  beforeAll(() => env.open(), 120_000);
  afterAll(() => env.close());

  it('of ports gives the servers their new ones, with their data', async () => {
    const base = freeBase([env.record().spec.portBase]);
    await env.kill('halfstack:up:effect', '--ports', `${base}`);
    const ended = await env.done('install', '-e', env.id, '--ports', `${base}`);
    expect(ended.envelope?.result).toMatchObject({ outcome: 'continued' });
    expect(env.record().spec).toMatchObject({ portBase: base, ports: { postgres: base } });
    await env.isWhole();
  });

  it('that was cut off is no obstacle to a delete', async () => {
    const folder = env.record().spec.installPath;
    const from = ['--source', 'common=git', '--repositories', env.repositories.folder];
    await env.kill('source:common:child', ...from);
    await env.done('delete', '-e', env.id, '--yes', '--no-snapshot');
    expect(existsSync(folder)).toBe(false);
  });
});
