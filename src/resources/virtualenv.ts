// A virtualenv: known by the file that is in it from its first moment.
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import { kindOf, removeFile, removeWhole } from '../host/files.ts';
import { linkPartial, linkTarget } from '../host/links.ts';
import { ownerFile } from '../environment/names.ts';
import { discardVirtualenv, virtualenvPartial } from '../python/virtualenv.ts';
import type { ResourceHandling } from './handling.ts';

/** pyenv's link goes first: it must not name what is half removed. */
export const virtualenvKind: ResourceHandling<'virtualenv'> = {
  describe: ({ name }) => `virtualenv ${name}`,
  exists: async (_world, { path }) => (await kindOf(path)) === 'folder',
  remove: async (_world, { path, link }) => {
    await removeWhole(virtualenvPartial(path));
    const kind = await kindOf(path);
    if (kind !== undefined && (await kindOf(join(path, ownerFile))) === undefined) {
      throw new Failure('BAI-CONFLICT-OWNER', `${path} is not the virtualenv that bai-dev made there.`, {
        facts: { path },
      });
    }
    for (const one of link === undefined ? [] : [linkPartial(link), link])
      if ((await linkTarget(one)) === path) await removeFile(one);
    if (kind === undefined) return 'absent';
    await discardVirtualenv(path);
    return 'removed';
  },
};
