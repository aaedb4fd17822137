// The folder in which the daemons of all environments of a machine keep their sockets, and which cannot be moved.
import { join } from 'node:path';
import { Failure, type NextCommand } from '../failure.ts';
import { makeFolder } from '../host/files.ts';
import { userName } from '../host/proc.ts';
import { markUsed, mayWrite, ownerOf, removeOwnFile, removeUnused } from '../host/shared.ts';
import type { Component, Release } from '../release/release.ts';
import type { World } from '../world.ts';

/** Hard-coded in these releases (facts 14.2). */
export const sharedFolder = '/tmp/backend.ai';

/** A path that the daemons need, and whose it is in place of this user's. */
export interface Stranger {
  readonly path: string;
  readonly owner: string;
}

/** Who has the folder, or what the daemons make in it, before this user; undefined if nobody does. Only looks. */
export async function strangerOf({ host }: World, folder = sharedFolder): Promise<Stranger | undefined> {
  for (const path of [folder, join(folder, 'ipc')]) {
    const owner = await ownerOf(path);
    if (owner !== undefined && owner !== host.user.uid) return { path, owner: await userName(owner) };
  }
  return undefined;
}

/**
 * The folder is there and belongs to this user afterwards. Throws `BAI-OCCUPIED` when it is another user's: the
 * daemons could not make their sockets in it.
 */
export async function claimSharedFolder(world: World, folder = sharedFolder): Promise<void> {
  await makeFolder(folder).catch((error: unknown) => {
    // a link that leads nowhere; whose it is tells more than that it is in the way
    if (!(error instanceof Failure)) throw error;
  });
  const there = (await ownerOf(folder)) !== undefined;
  const stranger = there ? await strangerOf(world, folder) : { path: folder, owner: 'nobody' };
  if (stranger === undefined) return;
  const { path, owner } = stranger;
  throw new Failure('BAI-OCCUPIED', strangersPath(stranger), {
    facts: { path, owner },
    next: [giveWay(stranger)],
  });
}

/**
 * Runs upstream's programs while the folder stays as it is. They make it first and listen in it a second later, and
 * wait for ever where it went in between: as it did when another environment's last daemon was stopped. Throws as
 * `claimSharedFolder` does.
 */
export async function inSharedFolder<T>(
  world: World,
  act: () => Promise<T>,
  folder = sharedFolder,
): Promise<T> {
  await claimSharedFolder(world, folder);
  const unmark = await markUsed(join(folder, 'ipc'));
  try {
    return await act();
  } finally {
    await unmark();
  }
}

/** What is wrong with it, as a sentence. */
export const strangersPath = ({ path, owner }: Stranger): string =>
  `${path} belongs to ${owner}, who runs Backend.AI on this machine. All its daemons use that path, which cannot be changed.`;

/** What its owner, or root, can do about it. */
export const giveWay = ({ path, owner }: Stranger): NextCommand => ({
  purpose: `once no daemon of ${owner} runs`,
  command: `sudo rm -r ${path}`,
});

/** Gives the folder up after the last daemon ended: what of it is ours and unused goes. */
export async function leaveSharedFolder({ host }: World, folder = sharedFolder): Promise<void> {
  await removeUnused(folder, host.user.uid);
}

/** Files outside of all environments that the daemons of these releases touch when they start. */
export const touchedFiles = (releases: readonly Release[]): ReadonlySet<string> =>
  new Set(releases.flatMap(({ components }) => Object.values(components).flatMap(touchesOf)));

/** Removes such files after the last daemon ended: left behind, they keep the daemons of other users from starting. */
export async function leaveTouchedFiles({ host }: World, paths: Iterable<string>): Promise<void> {
  for (const path of paths) await removeOwnFile(path, host.user.uid);
}

/** The first file that a component's daemon touches and that this user cannot, with its owner. */
export async function untouchable({ host }: World, component: Component): Promise<Stranger | undefined> {
  for (const path of touchesOf(component)) {
    const owner = await ownerOf(path);
    if (owner === undefined || owner === host.user.uid || (await mayWrite(path))) continue;
    return { path, owner: await userName(owner) };
  }
  return undefined;
}

const touchesOf = ({ daemon }: Component): readonly string[] => daemon?.touches ?? [];
