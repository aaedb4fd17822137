// The folder in which the daemons of all environments of a machine keep their sockets, and which cannot be moved.
import { Failure } from '../failure.ts';
import { makeFolder } from '../host/files.ts';
import { userName } from '../host/proc.ts';
import { ownerOf, removeUnused } from '../host/shared.ts';
import type { World } from '../world.ts';

/** Hard-coded in these releases (facts 14.2). */
export const sharedFolder = '/tmp/backend.ai';

/**
 * The folder is there and belongs to this user afterwards. Throws `BAI-OCCUPIED` when it is another user's: the
 * daemons could not make their sockets in it.
 */
export async function claimSharedFolder({ host }: World, folder = sharedFolder): Promise<void> {
  await makeFolder(folder).catch((error: unknown) => {
    // a link that leads nowhere; whose it is tells more than that it is in the way
    if (!(error instanceof Failure)) throw error;
  });
  const owner = await ownerOf(folder);
  if (owner === host.user.uid) return;
  const who = owner === undefined ? 'nobody' : await userName(owner);
  throw new Failure(
    'BAI-OCCUPIED',
    `${folder} belongs to ${who}, and the daemons of all environments on a machine need that very folder.`,
    {
      facts: { path: folder, owner: who },
      next: [{ purpose: `once no daemon of ${who} runs`, command: `sudo rm -r ${folder}` }],
    },
  );
}

/** Gives the folder up after the last daemon ended: what of it is ours and unused goes. */
export async function leaveSharedFolder({ host }: World, folder = sharedFolder): Promise<void> {
  await removeUnused(folder, host.user.uid);
}
