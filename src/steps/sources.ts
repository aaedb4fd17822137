// Steps that bring the trees: each the exact source distribution of its component, as a git repository.
import { basename, dirname, join } from 'node:path';
import { member, treePath } from '../environment/names.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import { Failure } from '../failure.ts';
import { readAsset } from '../host/assets.ts';
import { kindOf, removeEmptyFolder } from '../host/files.ts';
import type { Step } from '../plan/step.ts';
import { treePartial } from '../resources/tree.ts';
import type { Resource } from '../resources/resource.ts';
import { isTree, makeTree } from '../source/pypi.ts';
import type { Host } from '../world.ts';
import type { Making } from './making.ts';

/** The step that makes a tree. */
export const sourceStep = (tree: string): string => `source:${tree}`;

/** One step a tree, all side by side. */
export function sourceSteps({ world, spec }: Making): readonly Step<Resource>[] {
  return Object.entries(spec.release.trees).map(([name, tree]): Step<Resource> => {
    const path = treePath(spec, name);
    const binaries = tree.binaries[`${world.host.platform}-${world.host.architecture}`];
    return {
      id: sourceStep(name),
      title: `${name} ${tree.package.version}`,
      group: 'Sources',
      after: ['folders:install'],
      limit: 'network',
      cost: { bytes: tree.package.bytes + (binaries?.bytes ?? 0), seconds: 1 },
      inputs: { path, file: tree.package.file, sha256: tree.package.sha256, binaries: binaries?.sha256 },
      makes: () => [{ kind: 'tree', path, tree: name }],
      check: () => isTree(path),
      run: async (control) => {
        if (await isTree(path)) return;
        await assertFree(path);
        await makeTree(world, {
          tree,
          path,
          partial: treePartial(path),
          index: spec.index,
          branch: tree.branch,
          day: spec.release.released,
          exclude: excluded(world.host, spec, name),
          progress: (detail, count) => control.progress(detail, count),
        });
        control.summary(`${name} ${tree.package.version}`);
      },
    };
  });
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
function excluded(host: Host, { release }: EnvironmentSpec, tree: string): string[] {
  const general = readAsset(host, 'templates/exclude.txt');
  const { certificate } = release;
  const ours = [
    ...release.files.filter((file) => file.tree === tree).map(({ path }) => path),
    ...(certificate.tree === tree ? [certificate.certificate, certificate.key] : []),
  ];
  const folders = member(release.trees, tree, 'tree').folders.map((folder) => `/${folder}/`);
  return [...general.trimEnd().split('\n'), ...ours.map((path) => `/${path}`), ...folders];
}
