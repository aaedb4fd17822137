// A working copy: known by the mark that the install left in its repository.
import { basename, dirname, join } from 'node:path';
import { assertUnmounted, kindOf, moveOver, removeWhole } from '../host/files.ts';
import type { ResourceHandling } from './handling.ts';

/** The name beside a tree under which it is made; a run that was killed may have left it. */
export const treePartial = (path: string): string => join(dirname(path), `.${basename(path)}.partial`);

/** The names beside it of what shall take its place, and of what had it until that did. */
export const treeNext = (path: string): string => join(dirname(path), `.${basename(path)}.next`);
export const treeFormer = (path: string): string => join(dirname(path), `.${basename(path)}.former`);

/** Goes with everything in it: whether work is in it is asked before anything is removed. */
export const treeKind: ResourceHandling<'tree'> = {
  describe: ({ path }) => `source tree ${path}`,
  exists: async (_world, { path }) => (await kindOf(path)) === 'folder',
  remove: async (_world, { path }) => {
    for (const beside of [treePartial, treeNext, treeFormer]) await removeWhole(beside(path));
    const kind = await kindOf(path);
    if (kind === undefined) return 'absent';
    // a link or a file of that name is not what we made
    if (kind !== 'folder') return 'kept';
    await assertUnmounted(path);
    // half of a tree would look like work whose repository is gone
    await moveOver(path, treePartial(path));
    await removeWhole(treePartial(path));
    return 'removed';
  },
};
