import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { markerText } from '../../src/environment/marker.ts';
import { parseId } from '../../src/environment/id.ts';
import type { EnvironmentSpec } from '../../src/environment/spec.ts';
import { isKept, runSteps } from '../../src/plan/run.ts';
import type { Mark, Step } from '../../src/plan/step.ts';
import { releaseSchema } from '../../src/release/release.ts';
import { removeResource, resourceExists } from '../../src/resources/inventory.ts';
import type { Resource } from '../../src/resources/resource.ts';
import type { Making } from '../../src/steps/making.ts';
import { sourceSteps } from '../../src/steps/sources.ts';
import { virtualenvSteps } from '../../src/steps/virtualenvs.ts';
import { sampleRecord } from '../environment/sample.ts';
import { realPython } from '../python/real.ts';
import { makeStandIns, type StandIns } from '../rig/components.ts';
import { startIndex, type Index } from '../rig/index.ts';
import { releaseOf } from '../rig/release.ts';
import { requires } from '../rig/require.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

const needed = requires('network');
const python = realPython();
const discarding = join(import.meta.dirname, '../../src/python/virtualenv.ts');

let standIns: StandIns;
let index: Index;
let box: Sandbox;
beforeAll(async () => {
  standIns = makeStandIns();
  index = await startIndex({ distributions: standIns.distributions, forward: ['uv'] });
  box = sandbox({
    // what a user's machine may hold against us
    variables: {
      UV_INDEX_URL: 'http://127.0.0.1:1/simple',
      UV_EXCLUDE_NEWER: '2001-01-01',
      PIP_INDEX_URL: 'http://127.0.0.1:1/simple',
      PYTHONPATH: '/nowhere',
      VIRTUAL_ENV: '/nowhere',
      // and what only makes these tests quick
      UV_HTTP_RETRIES: '0',
    },
  });
});
afterAll(async () => {
  await index.close();
  box.remove();
});

interface Place {
  readonly making: Making;
  readonly steps: readonly Step<Resource>[];
  readonly resources: Resource[];
  run(): Promise<Record<string, string>>;
  readonly failure: () => unknown;
}

/** An environment that consists of trees and virtualenvs alone. */
function place(id: string, change: Partial<EnvironmentSpec> = {}): Place {
  const record = sampleRecord(id, { installPath: join(box.folder, id) });
  const spec: EnvironmentSpec = {
    ...record.spec,
    id: parseId(id),
    release: releaseSchema.parse(releaseOf(standIns)),
    python: { ...python, pyenv: join(box.folder, 'pyenv') },
    index: index.url,
    ...change,
  };
  mkdirSync(join(box.folder, 'pyenv/versions'), { recursive: true });
  const resources: Resource[] = [];
  const making = { world: box.world, spec, former: [], resources: () => resources } as unknown as Making;
  const folders: Step<Resource> = {
    id: 'folders:install',
    title: 'folders',
    group: 'Folders',
    run: () => Promise.resolve(),
  };
  const steps = [folders, ...sourceSteps(making), ...virtualenvSteps(making)];
  const marks = new Map<string, Mark>();
  const journal = {
    mark: (step: string) => marks.get(step),
    started: (step: string, made: readonly Resource[], fingerprint: string) => {
      resources.push(...made);
      marks.set(step, { state: 'started', fingerprint, at: '' });
      return Promise.resolve();
    },
    done: (step: string, fingerprint: string) => {
      marks.set(step, { state: 'done', fingerprint, at: '' });
      return Promise.resolve();
    },
  };
  let failure: unknown;
  return {
    making,
    steps,
    resources,
    failure: () => failure,
    run: async () => {
      const pools = { network: 4, cpu: 2, disk: 2 };
      const { signal, report } = box.world;
      const emit = report.emit.bind(report);
      const clock = (): number => performance.now();
      const result = await runSteps({ steps, journal, pools, signal, emit, clock });
      failure = result.failure?.error;
      for (const step of steps)
        if (result.outcomes.get(step.id) === 'done') expect(await isKept(step, journal), step.id).toBe(true);
      return Object.fromEntries(result.outcomes);
    },
  };
}

const inVirtualenv = (id: string, name: string, code: string): string =>
  execFileSync(join(box.folder, 'pyenv/versions', `venv-${id}-${name}`, 'bin/python'), ['-c', code], {
    encoding: 'utf8',
  }).trim();
const packages = (id: string, name: string): string =>
  inVirtualenv(
    id,
    name,
    'import importlib.metadata as m; print(*sorted(f"{d.name if hasattr(d,\'name\') else d.metadata[\'Name\']} {d.version}" for d in m.distributions()), sep=", ")',
  );

describe.skipIf(needed.skip)(needed.title('virtualenvs'), () => {
  let first: Place;
  beforeAll(async () => {
    first = place('one');
    const outcomes = await first.run();
    expect(first.failure()).toBeUndefined();
    expect(new Set(Object.values(outcomes))).toEqual(new Set(['done']));
  }, 120_000);

  it("hold the trees, their extras, and packages as of the release's day", () => {
    // 2.0 of the dependency was uploaded later; facts 13.10 T1 and T2: no seed, and extras in spite of overrides
    expect(packages('one', 'manager')).toBe(
      'standin-common 1.0, standin-dependency 1.0, standin-manager 1.0, standin-tester 1.0',
    );
    expect(packages('one', 'common')).toBe('standin-common 1.0, standin-dependency 1.0');
    expect(packages('one', 'client')).toBe('standin-client-py 1.0');
  });

  it('import shared trees from their working copies', () => {
    const file = join(box.folder, 'one/common/src/standin_common/__init__.py');
    writeFileSync(file, "marker = 'edited'\n");
    for (const name of ['manager', 'common'])
      expect(inVirtualenv('one', name, 'import standin_common; print(standin_common.marker)')).toBe('edited');
    execFileSync('git', ['checkout', '--quiet', '.'], { cwd: join(box.folder, 'one/common') });
  });

  it('lie where pyenv looks for them, and are selected in the trees, which stay clean', () => {
    const link = join(box.folder, 'pyenv/versions/venv-one-manager');
    expect(readlinkSync(link)).toBe(
      join(box.folder, 'pyenv/versions', python.version, 'envs/venv-one-manager'),
    );
    const tree = join(box.folder, 'one/manager');
    expect(readFileSync(join(tree, '.python-version'), 'utf8')).toBe('venv-one-manager\n');
    for (const name of ['manager', 'common', 'client-py']) {
      const status = execFileSync('git', ['status', '--porcelain'], { cwd: join(box.folder, 'one', name) });
      expect(status.toString()).toBe('');
    }
  });

  it('are kept when whole, and made again when not', async () => {
    expect(new Set(Object.values(await first.run()))).toEqual(new Set(['kept']));
    const envs = join(box.folder, 'pyenv/versions', python.version, 'envs');
    rmSync(join(envs, 'venv-one-manager/.bai-dev-complete'));
    writeFileSync(join(envs, 'venv-one-manager/half'), '');
    rmSync(join(box.folder, 'pyenv/versions/venv-one-client'));
    rmSync(join(box.folder, 'one/client-py/.python-version'));
    writeFileSync(join(box.folder, 'one/client-py/..python-version.1.2.partial'), '');
    writeFileSync(join(envs, 'venv-one-client/mine'), '');
    const outcomes = await first.run();
    expect(outcomes).toMatchObject({
      'virtualenv:manager': 'done',
      'virtualenv:common': 'kept',
      'virtualenv:client': 'done',
    });
    expect(existsSync(join(envs, 'venv-one-manager/half'))).toBe(false);
    // only what pyenv needs was missing
    expect(existsSync(join(envs, 'venv-one-client/mine'))).toBe(true);
    expect(existsSync(join(box.folder, 'one/client-py/..python-version.1.2.partial'))).toBe(false);
    expect(packages('one', 'client')).toBe('standin-client-py 1.0');
  });

  it('are made again after a kill in the middle of their removal', async () => {
    const envs = join(box.folder, 'pyenv/versions', python.version, 'envs');
    renameSync(join(envs, 'venv-one-common'), join(envs, '.venv-one-common.partial'));
    expect(await first.run()).toMatchObject({ 'virtualenv:common': 'done', 'virtualenv:client': 'kept' });
    expect(first.failure()).toBeUndefined();
    expect(readdirSync(envs)).not.toContain('.venv-one-common.partial');
  });

  it('are never without their owner while they are removed', async () => {
    const path = join(box.folder, 'removed/venv-five-common');
    for (let after = 0; after < 10; after++) {
      mkdirSync(join(path, 'lib'), { recursive: true });
      for (let at = 0; at < 500; at++) writeFileSync(join(path, 'lib', String(at)), '');
      writeFileSync(join(path, '.bai-dev-environment'), 'five\n');
      const code = `(await import(${JSON.stringify(discarding)})).discardVirtualenv(${JSON.stringify(path)})`;
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code]);
      await vi.waitUntil(() => !existsSync(join(path, 'lib/0')), { interval: 1, timeout: 20_000 });
      await setTimeout(after);
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(existsSync(path)).toBe(existsSync(join(path, '.bai-dev-environment')));
    }
  });

  it('come from the stored resolution without any index, in the trees if there is no pyenv', async () => {
    index.fault = 'closed';
    index.requests.length = 0;
    try {
      const second = place('two', { python });
      await second.run();
      expect(second.failure()).toBeUndefined();
      expect(index.requests).toEqual([]);
    } finally {
      index.fault = 'none';
    }
    const tree = join(box.folder, 'two/manager');
    expect(existsSync(join(tree, '.venv/bin/python'))).toBe(true);
    expect(existsSync(join(tree, '.python-version'))).toBe(false);
    expect(execFileSync('git', ['status', '--porcelain'], { cwd: tree }).toString()).toBe('');
  });

  it('do not take the place of somebody else’s', async () => {
    const path = join(box.folder, 'pyenv/versions', python.version, 'envs/venv-three-manager');
    mkdirSync(path);
    writeFileSync(join(path, 'pyvenv.cfg'), '');
    const third = place('three');
    expect((await third.run())['virtualenv:manager']).toBe('failed');
    expect(third.failure()).toMatchObject({ code: 'BAI-CONFLICT-OWNER' });
    expect(existsSync(join(path, 'pyvenv.cfg'))).toBe(true);
    const resource = third.resources.find((one) => one.kind === 'virtualenv' && one.path === path);
    await expect(removeResource(box.world, resource!)).rejects.toMatchObject({ code: 'BAI-CONFLICT-OWNER' });
    rmSync(path, { recursive: true });
  });

  it('do not take the place of one that another state folder made for the same ID', async () => {
    const path = join(box.folder, 'pyenv/versions', python.version, 'envs/venv-three-manager');
    mkdirSync(path);
    writeFileSync(join(path, '.bai-dev-environment'), markerText('three', '0123456789ab'));
    const third = place('three');
    expect((await third.run())['virtualenv:manager']).toBe('failed');
    expect(third.failure()).toMatchObject({ code: 'BAI-CONFLICT-OWNER' });
    expect(JSON.stringify(third.failure())).not.toContain('virtualenv-delete');
    const resource = third.resources.find((one) => one.kind === 'virtualenv' && one.path === path);
    await expect(removeResource(box.world, resource!)).rejects.toMatchObject({ code: 'BAI-CONFLICT-OWNER' });
    expect(existsSync(join(path, '.bai-dev-environment'))).toBe(true);
    rmSync(path, { recursive: true });
  });

  it('tell what uv says when a package is not there', async () => {
    const release = releaseSchema.parse(releaseOf(standIns));
    const resolution = { ...release.resolution, tools: ['standin-dependency>=2'] };
    const failing = place('four', { release: { ...release, resolution } });
    await failing.run();
    expect(failing.failure()).toMatchObject({
      code: 'BAI-PYTHON-RESOLVE',
      message: expect.stringMatching(/could not be resolved as of 2022-04-28/) as string,
      more: { lines: expect.arrayContaining([expect.stringContaining('standin-dependency')]) as string[] },
    });
  });

  it('tell when the index knows no upload times, or is not there', async () => {
    const release = releaseSchema.parse(releaseOf(standIns));
    const resolution = { ...release.resolution, asOf: '2022-04-29' };
    for (const [fault, code] of [
      ['no-upload-times', 'BAI-INDEX'],
      ['errors', 'BAI-NETWORK'],
      ['closed', 'BAI-NETWORK'],
    ] as const) {
      const asked = place(`fault-${fault}`, { release: { ...release, resolution } });
      index.fault = fault;
      try {
        await asked.run();
      } finally {
        index.fault = 'none';
      }
      expect(asked.failure(), fault).toMatchObject({ code });
    }
  });

  it('go without a trace', async () => {
    const versions = join(box.folder, 'pyenv/versions');
    renameSync(join(versions, 'venv-one-client'), join(versions, '.venv-one-client.partial'));
    for (const resource of [...first.resources].reverse()) await removeResource(box.world, resource);
    for (const resource of first.resources) expect(await resourceExists(box.world, resource)).toBe(false);
    const left = readdirSync(join(box.folder, 'pyenv/versions'), { recursive: true }).map(String);
    expect(left.filter((name) => name.includes('venv-one'))).toEqual([]);
    expect(readdirSync(join(box.folder, 'one'))).toEqual([]);
  });
});
