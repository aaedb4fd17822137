// Steps that bring the trees: each a clone of its repository, or the exact source distribution made into one.
import { basename, dirname, join } from 'node:path';
import { member, treePath } from '../environment/names.ts';
import { Failure } from '../failure.ts';
import { kindOf, removeEmptyFolder } from '../host/files.ts';
import type { Step, StepControl } from '../plan/step.ts';
import { published } from '../release/release.ts';
import { treePartial } from '../resources/tree.ts';
import type { Resource } from '../resources/resource.ts';
import { cloneTree } from '../source/git.ts';
import { noteSource } from '../source/exchange.ts';
import { isTree, makeTree } from '../source/pypi.ts';
import { switchedCopy } from '../source/switch.ts';
import { isCloneOf, isOfAnother, replaceTree, settleTree, sourceNote } from './exchange.ts';
import { excludedFrom } from './excluded.ts';
import type { Making } from './making.ts';

/** The step that makes a tree. */
export const sourceStep = (tree: string): string => `source:${tree}`;

/** One step a tree, all side by side. */
export function sourceSteps(making: Making): readonly Step<Resource>[] {
  const { world, spec, former } = making;
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
      check: () => isTree(world, path),
      run: async (control) => {
        const progress: StepControl['progress'] = (detail, count) => control.progress(detail, count);
        await settleTree(making, name);
        if (await isTree(world, path)) {
          if (!(await isOfAnother(making, name))) return;
          control.summary(await replaceTree(making, name, (next) => make(next, progress)));
          return;
        }
        await assertFree(path);
        control.summary(await make(path, progress));
        if (former.length > 0) await noteSource(path, sourceNote(spec.trees[name]));
      },
    };
  });
}

/** What differs between the sources; `make` gives a few words on what was made. */
interface SourceMaking {
  readonly title: string;
  /** Of PyPI as they were before there was git: what was made then is still what it should be. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly make: (path: string, progress: StepControl['progress']) => Promise<string>;
}

function makingOf({ world, spec }: Pick<Making, 'world' | 'spec'>, name: string): SourceMaking {
  const tree = member(spec.release.trees, name, 'tree');
  const place = treePath(spec, name);
  const partial = treePartial(place);
  const exclude = excludedFrom(world.host, spec, name);
  const { index } = spec;
  const source = spec.trees[name];
  if (source?.source === 'git') {
    const { address, ref, kind, commit } = source;
    return {
      title: `${name} ${ref}`,
      inputs: { address, ref, kind, commit },
      make: async (path, progress) => {
        const wish = { name, tree, source, path, partial, index, exclude, progress };
        const goesOn = path !== place && (await isCloneOf(world, place, source));
        // data of the tree goes along as it is; a virtualenv in it is made anew
        const without = ['.venv', ...tree.folders];
        const made = await (goesOn
          ? switchedCopy(world, { ...wish, from: place, without })
          : cloneTree(world, wish));
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
    make: async (path, progress) => {
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
