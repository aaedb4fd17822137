// Another ref in the same repository: a copy of the clean working copy is switched, so that no half of it is ever seen.
import { join } from 'node:path';
import { copyWhole, ownerAt } from '../host/copy.ts';
import { listFolder, makeFolder, removeFile, removeWhole } from '../host/files.ts';
import { publish } from '../host/flush.ts';
import { git } from '../host/git.ts';
import type { World } from '../world.ts';
import { fetchRef, fetchSubmodules, limit, markTags, type CloneWish } from './git.ts';
import { fillPointers, unfiltered } from './lfs.ts';
import { patiently, remoteGit } from './transport.ts';
import { markInstalled } from './work.ts';

export interface SwitchWish extends CloneWish {
  /** The working copy as it is, which stays. */
  readonly from: string;
  /** Names in it that need no copy. */
  readonly without: readonly string[];
}

/**
 * Copies a clean working copy with its whole repository under its partial name, switches the copy to another ref of
 * the same address and renames it. A branch of that name that the developer has is moved forward at most. Gives the
 * commit that `installedRef` marks; throws as a clone does.
 */
export async function switchedCopy(world: World, wish: SwitchWish): Promise<string> {
  const { from, partial, without, source, progress } = wish;
  const local = async (...args: string[]): Promise<string> =>
    (await git(world, { folder: partial, args, allow: [1] })).trim();
  await removeWhole(partial);
  await makeFolder(partial);
  progress('copying');
  const owner = await ownerAt(from);
  for (const name of await listFolder(from)) {
    if (!without.includes(name)) await copyWhole(join(from, name), join(partial, name), owner);
  }
  // a git that was killed here once may have left its lock
  await removeFile(join(partial, '.git/index.lock'));
  progress('fetching');
  const commit = await patiently(world, () => fetchRef(world, wish));
  progress('checking out');
  await remoteGit(world, {
    folder: partial,
    addresses: [source.address],
    args: ['checkout', '--quiet', ...(await goal(world, wish, commit))],
    settings: unfiltered,
    limit,
  });
  if (source.kind === 'branch')
    await local('branch', '--quiet', `--set-upstream-to=origin/${source.ref}`, source.ref);
  await patiently(world, () => fetchSubmodules(world, wish));
  await fillPointers(world, wish);
  await markInstalled(world, partial, commit);
  await markTags(world, partial);
  await publish(partial, wish.path);
  return commit;
}

/** What to check out: a branch of the developer's own that went another way is taken as it is. */
async function goal(world: World, { source, partial, name }: SwitchWish, commit: string): Promise<string[]> {
  const { ref, kind } = source;
  if (kind !== 'branch') return ['--detach', commit];
  const branch = `refs/heads/${ref}`;
  const ask = (...args: string[]): Promise<string> => git(world, { folder: partial, args, allow: [1] });
  const there = (await ask('rev-parse', '--quiet', '--verify', branch)).trim();
  // forward or not at all: nothing that the branch leads to is lost
  if (there === '' || (await ask('rev-list', '--count', branch, `^${commit}`)).trim() === '0')
    return ['-B', ref, commit];
  world.report.emit({
    kind: 'note',
    severity: 'warning',
    message: `${name}: the branch ${ref} was there already and went another way than ${commit.slice(0, 8)}; it is checked out as it is.`,
  });
  return [ref, '--'];
}
