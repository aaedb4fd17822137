// Steps that bring the trees: each a clone of its repository, or the exact source distribution made into one.
import { basename, dirname, join } from 'node:path';
import { member, treePath } from '../environment/names.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import { Failure } from '../failure.ts';
import { readAsset } from '../host/assets.ts';
import { kindOf, removeEmptyFolder } from '../host/files.ts';
import type { Step, StepControl } from '../plan/step.ts';
import { published } from '../release/release.ts';
import { treePartial } from '../resources/tree.ts';
import type { Resource } from '../resources/resource.ts';
import { cloneTree } from '../source/git.ts';
import { isTree, makeTree } from '../source/pypi.ts';
import type { Host } from '../world.ts';
import type { Making } from './making.ts';

/** The step that makes a tree. */
export const sourceStep = (tree: string): string => `source:${tree}`;

/** One step a tree, all side by side. */
export function sourceSteps({ world, spec }: Making): readonly Step<Resource>[] {
  return Object.entries(spec.release.trees).map(([name, tree]): Step<Resource> => {
    const path = treePath(spec, name);
    const { title, inputs, make } = makingOf({ world, spec }, name);
    const binaries = tree.binaries[`${world.host.platform}-${world.host.architecture}`];
    return {
      id: sourceStep(name),
      title,
      group: 'Sources',
      after: ['folders:install'],
      limit: 'network',
      // a working copy without its history is about as large
      cost: { bytes: (tree.package?.bytes ?? 0) + (binaries?.bytes ?? 0), seconds: 1 },
      inputs: { path, ...inputs },
      makes: () => [{ kind: 'tree', path, tree: name }],
      check: () => isTree(path),
      run: async (control) => {
        if (await isTree(path)) return;
        await assertFree(path);
        control.summary(await make((detail, count) => control.progress(detail, count)));
      },
    };
  });
}

/** What differs between the sources; `make` gives a few words on what was made. */
interface SourceMaking {
  readonly title: string;
  /** Of PyPI as they were before there was git: what was made then is still what it should be. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly make: (progress: StepControl['progress']) => Promise<string>;
}

function makingOf({ world, spec }: Pick<Making, 'world' | 'spec'>, name: string): SourceMaking {
  const tree = member(spec.release.trees, name, 'tree');
  const path = treePath(spec, name);
  const partial = treePartial(path);
  const exclude = excludedFrom(world.host, spec, name);
  const { index } = spec;
  const source = spec.trees[name];
  if (source?.source === 'git') {
    const { address, ref, kind, commit } = source;
    return {
      title: `${name} ${ref}`,
      inputs: { address, ref, kind, commit },
      make: async (progress) => {
        const made = await cloneTree(world, { name, tree, source, path, partial, index, exclude, progress });
        return `${name} ${ref} (${made.slice(0, 8)})`;
      },
    };
  }
  const packed = published(tree);
  const { file, sha256, version } = packed.package;
  const binaries = tree.binaries[`${world.host.platform}-${world.host.architecture}`]?.sha256;
  return {
    title: `${name} ${version}`,
    inputs: { file, sha256, binaries },
    make: async (progress) => {
      const { branch } = tree;
      const day = spec.release.released;
      await makeTree(world, { tree: packed, path, partial, index, branch, day, exclude, progress });
      return `${name} ${version}`;
    },
  };
}

/** A folder that is not empty and not a tree of ours may hold somebody's work. */
async function assertFree(path: string): Promise<void> {
  const kind = await kindOf(path);
  if (kind === undefined) return;
  if (kind === 'folder' && (await removeEmptyFolder(path))) return;
  throw new Failure('BAI-CONFLICT-OWNER', `${path} exists and is not a working copy that bai-dev made.`, {
    facts: { path },
    next: [
      { purpose: 'move it away', command: `mv ${path} ${join(dirname(path), `${basename(path)}.old`)}` },
    ],
  });
}

/**
 * What is in a tree without being its own: patterns of what tools and daemons write, and all that we put there,
 * so that a fresh tree is clean and stays so while everything runs.
 */
export function excludedFrom(host: Host, { release }: EnvironmentSpec, tree: string): string[] {
  const general = readAsset(host, 'templates/exclude.txt');
  const { certificate } = release;
  const ours = [
    ...release.files.filter((file) => file.tree === tree).map(({ path }) => path),
    ...(certificate.tree === tree ? [certificate.certificate, certificate.key] : []),
  ];
  const folders = member(release.trees, tree, 'tree').folders.map((folder) => `/${folder}/`);
  return [...general.trimEnd().split('\n'), ...ours.map((path) => `/${path}`), ...folders];
}
