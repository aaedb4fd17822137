// A virtualenv: known by the file that is in it from its first moment.
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import { kindOf, removeFile, removeWhole } from '../host/files.ts';
import { linkPartial, linkTarget } from '../host/links.ts';
import { readMarker } from '../environment/marker.ts';
import { ownerFile } from '../environment/names.ts';
import { discardVirtualenv, virtualenvPartial } from '../python/virtualenv.ts';
import type { Host } from '../world.ts';
import type { ResourceHandling } from './handling.ts';

/** pyenv's link goes first: it must not name what is half removed. */
export const virtualenvKind: ResourceHandling<'virtualenv'> = {
  describe: ({ name }) => `virtualenv ${name}`,
  exists: async (_world, { path }) => (await kindOf(path)) === 'folder',
  remove: async ({ host }, { name, path, link }) => {
    const partial = virtualenvPartial(path);
    // what is half made or half removed may have lost its file already: only its name is left to tell
    if (await mayBeOurs(host, name, partial)) await removeWhole(partial);
    const kind = await kindOf(path);
    if (kind === 'folder' && !(await isOurs(host, name, path))) {
      throw new Failure(
        'BAI-CONFLICT-OWNER',
        `${path} is not the virtualenv that bai-dev made there for this environment.`,
        {
          facts: { path },
        },
      );
    }
    for (const one of link === undefined ? [] : [linkPartial(link), link])
      if ((await linkTarget(one)) === path) await removeFile(one);
    if (kind === undefined) return 'absent';
    // a link or a file of that name is not what we made
    if (kind !== 'folder') return 'kept';
    await discardVirtualenv(path);
    return 'removed';
  },
};

async function mayBeOurs(host: Host, name: string, path: string): Promise<boolean> {
  if ((await kindOf(join(path, ownerFile))) === undefined) return true;
  return isOurs(host, name, path);
}

/** By the file in it: of this environment, user and state folder. Older versions wrote no owner. */
async function isOurs({ owner, user }: Host, name: string, path: string): Promise<boolean> {
  const marker = await readMarker(path, ownerFile);
  if (marker === undefined || !name.startsWith(`venv-${marker.id}-`)) return false;
  return marker.uid === user.uid && [undefined, owner].includes(marker.owner);
}
