// A file that we generated: known by the hashes of everything that we ever wrote there.
import { hashOf, kindOf, readText, removeFile, removePartials } from '../host/files.ts';
import type { ResourceHandling } from './handling.ts';

/** One that somebody edited is kept, unless it lies in a tree, with which it goes anyway. */
export const fileKind: ResourceHandling<'file'> = {
  describe: ({ path }) => `file ${path}`,
  exists: async (_world, { path }) => (await kindOf(path)) === 'file',
  remove: async (_world, { path, hashes, tree }) => {
    await removePartials(path);
    const kind = await kindOf(path);
    if (kind === undefined) return 'absent';
    if (kind !== 'file') return 'kept';
    const content = await readText(path);
    if (content === undefined) return 'absent';
    if (tree === undefined && !hashes.includes(hashOf(content))) return 'kept';
    return (await removeFile(path)) ? 'removed' : 'absent';
  },
};
