// Steps that bring uv and make the virtualenvs: one a component, side by side.
import { member, treePath, virtualenvName, virtualenvPath } from '../environment/names.ts';
import { hashOf } from '../host/files.ts';
import { fingerprint } from '../plan/run.ts';
import type { Step } from '../plan/step.ts';
import { installManaged, isInstalled } from '../python/managed.ts';
import {
  isVirtualenv,
  makeVirtualenv,
  selectionContent,
  selectionFile,
  virtualenvLink,
} from '../python/virtualenv.ts';
import { hasUv, provideUv, uvPin } from '../python/uv.ts';
import type { Resource } from '../resources/resource.ts';
import type { Making } from './making.ts';
import { sourceStep } from './sources.ts';

const group = 'Virtualenvs';

/** uv, the Python where uv brings that too, then every virtualenv. uv itself keeps two builds of one shared tree from each other's way. */
export function virtualenvSteps(making: Making): readonly Step<Resource>[] {
  const names = Object.keys(making.spec.release.virtualenvs);
  return [uvStep(making), ...pythonSteps(making), ...names.map((name) => virtualenvStep(making, name))];
}

const pythonStep = 'python:build';

/** None where the machine has a Python of its own. */
function pythonSteps({ world, spec }: Making): readonly Step<Resource>[] {
  const { version, path, managed } = spec.python;
  if (managed === undefined) return [];
  const { index } = spec;
  return [
    {
      id: pythonStep,
      title: `Python ${version}`,
      group,
      after: ['python:uv'],
      limit: 'network',
      cost: { ...(managed.bytes === undefined ? {} : { bytes: managed.bytes }), seconds: 5 },
      inputs: { path, sha256: managed.sha256 },
      check: () => isInstalled({ path }),
      run: async (control) => {
        const uv = await provideUv(world, {
          index,
          progress: (detail, count) => control.progress(detail, count),
        });
        const onLine = (line: string): void => control.progress(line);
        await installManaged(world, { version, path, managed, uv, index, onLine });
        control.summary(`Python ${version}`);
      },
    },
  ];
}

function uvStep({ world, spec }: Making): Step<Resource> {
  return {
    id: 'python:uv',
    title: 'uv',
    group,
    limit: 'network',
    cost: { bytes: 20_000_000, seconds: 3 },
    inputs: { wheel: uvPin(world.host).wheel },
    check: () => hasUv(world.host),
    run: async (control) => {
      const { version } = await provideUv(world, {
        index: spec.index,
        progress: (detail, count) => control.progress(detail, count),
      });
      control.summary(`uv ${version}`);
    },
  };
}

function virtualenvStep({ world, spec }: Making, name: string): Step<Resource> {
  const { tree, extras, shares, seconds } = member(spec.release.virtualenvs, name, 'virtualenv');
  const cloned = [tree, ...shares].flatMap((one) => {
    const source = spec.trees[one];
    return source?.source === 'git' ? [[one, source] as const] : [];
  });
  const inputs = {
    ...{ python: spec.python, policy: spec.release.resolution, tree, extras, shares },
    // another ref may ask for other packages; of PyPI's the release's data tells which they are
    ...(cloned.length === 0 ? {} : { cloned: Object.fromEntries(cloned) }),
  };
  const wish = { spec, name, asked: fingerprint(inputs) };
  return {
    id: `virtualenv:${name}`,
    title: name,
    group,
    after: [
      spec.python.managed === undefined ? 'python:uv' : pythonStep,
      ...[tree, ...shares].map(sourceStep),
    ],
    limit: 'cpu',
    cost: { seconds },
    inputs,
    makes: () => resourcesOf(spec, name),
    check: () => isVirtualenv(wish),
    run: async (control) => {
      const uv = await provideUv(world, {
        index: spec.index,
        progress: (detail, count) => control.progress(detail, count),
      });
      await makeVirtualenv(world, { ...wish, uv, progress: (detail) => control.progress(detail) });
      control.summary(name);
    },
  };
}

function resourcesOf(spec: Making['spec'], name: string): Resource[] {
  const link = virtualenvLink(spec, name);
  const file = selectionFile(spec, name);
  const { tree } = member(spec.release.virtualenvs, name, 'virtualenv');
  const virtualenv: Resource = {
    kind: 'virtualenv',
    name: virtualenvName(spec, name),
    path: virtualenvPath(spec, name),
    ...(link === undefined ? {} : { link }),
  };
  if (file === undefined) return [virtualenv];
  const hashes = [hashOf(selectionContent(spec, name))];
  return [virtualenv, { kind: 'file', path: file, hashes, tree: treePath(spec, tree) }];
}
