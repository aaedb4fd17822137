// A folder that an environment lives in.
import { kindOf, removeEmptyFolder, removeWhole } from '../host/files.ts';
import type { ResourceHandling } from './handling.ts';

/** `own` ones go with everything in them, others only when nothing of the user's is left inside. */
export const folderKind: ResourceHandling<'folder'> = {
  describe: ({ path }) => `folder ${path}`,
  exists: async (_world, { path }) => (await kindOf(path)) === 'folder',
  remove: async (_world, { path, own }) => {
    const kind = await kindOf(path);
    if (kind === undefined) return 'absent';
    // something else of that name, a link among it, is not what we made
    if (kind !== 'folder') return 'kept';
    if (own) {
      await removeWhole(path);
      return 'removed';
    }
    return (await removeEmptyFolder(path)) ? 'removed' : 'kept';
  },
};
