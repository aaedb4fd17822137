// A working copy out of its own repository: the wanted commit on its branch, with submodules and large files.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { GitSource } from '../environment/spec.ts';
import { Failure } from '../failure.ts';
import { kindOf, makeFolder, removeWhole } from '../host/files.ts';
import { publish } from '../host/flush.ts';
import { git, gitVersion } from '../host/git.ts';
import type { Tree } from '../release/release.ts';
import type { World } from '../world.ts';
import { addressBelow, areSiblings, pastedAddress, shownAddress } from './address.ts';
import { addExcluded } from './excluding.ts';
import { fillPointers, unfiltered } from './lfs.ts';
import { remoteRefs } from './refs.ts';
import { patiently, remoteGit } from './transport.ts';
import { formerRefs, installedRef } from './references.ts';

export interface CloneWish {
  /** What a person calls the tree. */
  readonly name: string;
  readonly tree: Tree;
  readonly source: GitSource;
  /** Where the working copy shall lie, and the name beside it under which it is made. */
  readonly path: string;
  readonly partial: string;
  /** A package index, for files that git keeps in LFS. */
  readonly index: string;
  /** Patterns of what is not the tree's own, as git's exclude file takes them. */
  readonly exclude: readonly string[];
  readonly progress: (detail: string) => void;
}

/**
 * Makes the working copy under its partial name and renames it; whatever had the partial name goes. Gives the commit
 * that is checked out, which `installedRef` marks. Throws `BAI-SOURCE-…` and `BAI-NETWORK` after some patience.
 */
export async function cloneTree(world: World, wish: CloneWish): Promise<string> {
  const { partial } = wish;
  await patiently(world, async () => {
    await removeWhole(partial);
    await makeFolder(join(partial, '.git/info'));
    const local = (...args: string[]): Promise<string> => git(world, { folder: partial, args });
    await local('init', '--quiet', '--template=', '--object-format=sha1');
    await addExcluded(join(partial, '.git'), wish.exclude);
    // the bytes of the repository, also after the developer's own checkouts: containers run some of them
    await local('config', 'core.autocrlf', 'false');
    await local('remote', 'add', 'origin', wish.source.address);
    wish.progress('fetching');
    await checkOut(world, wish, await fetchRef(world, wish));
    await fetchSubmodules(world, wish);
  });
  await fillPointers(world, wish);
  await git(world, { folder: partial, args: ['update-ref', installedRef, 'HEAD'] });
  await markTags(world, partial);
  const commit = await git(world, { folder: partial, args: ['rev-parse', 'HEAD'] });
  await publish(partial, wish.path);
  return commit.trim();
}

/** Seconds for one transfer; one that stands still is ended much earlier. */
export const limit = 3600;

/**
 * Brings only what the ref needs, without the content of older files where the server can leave it out; a later
 * `git fetch` of the developer brings all branches. Gives the commit to check out.
 */
export async function fetchRef(world: World, wish: CloneWish): Promise<string> {
  const { ref, kind, commit, address } = wish.source;
  const local = async (...args: string[]): Promise<string> =>
    (await git(world, { folder: wish.partial, args })).trim();
  const fetch = (...refspecs: string[]): Promise<string> =>
    remoteGit(world, {
      folder: wish.partial,
      addresses: [address],
      args: ['fetch', '--quiet', '--filter=blob:none', '--no-recurse-submodules', 'origin', ...refspecs],
      limit,
    }).catch(async (error: unknown) => {
      // what is no repository at all may look like one that lacks a branch
      if (isRefusal(error)) await remoteRefs(world, address, limit);
      throw error;
    });
  switch (kind) {
    case 'branch': {
      const tracking = `refs/remotes/origin/${ref}`;
      await fetch(`+refs/heads/${ref}:${tracking}`);
      // the branch may have moved on since it was looked at, or have been written anew without that commit
      const known = commit !== undefined && (await local('rev-list', tracking)).split('\n').includes(commit);
      return known ? commit : local('rev-parse', tracking);
    }
    case 'tag':
      await fetch(`+refs/tags/${ref}:refs/tags/${ref}`);
      return local('rev-parse', `refs/tags/${ref}^{commit}`);
    case 'commit': {
      await fetch('+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*');
      const wanted = commit ?? ref;
      const found = await commitNamed(local, wanted);
      if (found !== undefined) return found;
      // what no ref leads to is given by some servers to whoever knows its whole name
      if (wanted.length === 40) {
        const given = await fetch(wanted).then(
          () => true,
          (error: unknown) => !isRefusal(error) && Promise.reject(error as Error),
        );
        if (given) return wanted;
      }
      throw new Failure('BAI-SOURCE-REF', `${shownAddress(address)} has no commit ${ref}.`, {
        facts: { address: shownAddress(address), ref },
        next: [{ purpose: 'see its commits', command: `git ls-remote ${pastedAddress(address)}` }],
      });
    }
  }
}

/** The one commit of what was fetched whose hash begins so; looking it up by name would ask the server for it. */
async function commitNamed(
  local: (...args: string[]) => Promise<string>,
  start: string,
): Promise<string | undefined> {
  const all = (await local('rev-list', '--all')).split('\n').filter((commit) => commit.startsWith(start));
  if (all.length > 1) {
    throw new Failure('BAI-SOURCE-REF', `${start} is the beginning of ${all.length} commits.`, {
      facts: { ref: start, commits: all.slice(0, 10) },
    });
  }
  return all[0];
}

const isRefusal = (error: unknown): boolean =>
  error instanceof Failure && ['BAI-SOURCE-REF', 'BAI-COMMAND'].includes(error.code);

/** A branch becomes a local one that follows its remote; tags and commits are checked out as they are. */
async function checkOut(
  world: World,
  { source, partial, progress }: CloneWish,
  commit: string,
): Promise<void> {
  const { ref, kind, address } = source;
  progress('checking out');
  await remoteGit(world, {
    folder: partial,
    addresses: [address],
    args: ['checkout', '--quiet', ...(kind === 'branch' ? ['-B', ref] : ['--detach']), commit],
    // their pointers first, whatever the user's settings say
    settings: unfiltered,
    limit,
  });
  if (kind !== 'branch') return;
  const upstream = ['branch', '--quiet', `--set-upstream-to=origin/${ref}`, ref];
  await git(world, { folder: partial, args: upstream });
}

/** Submodules; where the release's repositories were moved, those that lie beside them were moved as well. */
export async function fetchSubmodules(
  world: World,
  { tree, source, partial, progress }: CloneWish,
): Promise<void> {
  if ((await kindOf(join(partial, '.gitmodules'))) === undefined) return;
  const run = (...args: string[]): Promise<string> => git(world, { folder: partial, args });
  const listed = await git(world, {
    folder: partial,
    args: ['config', '--file', '.gitmodules', '--null', '--get-regexp', '^submodule\\..*\\.url$'],
    allow: [1],
  });
  const addresses: string[] = [];
  for (const entry of listed.split('\0').filter((each) => each !== '')) {
    const [key = '', url = ''] = entry.split('\n');
    const moved = source.repositories !== undefined && areSiblings(url, tree.repository);
    const address = moved ? addressBelow(source.repositories, url) : url;
    addresses.push(address);
    if (moved) await run('config', key, address);
  }
  progress('fetching submodules');
  await remoteGit(world, {
    folder: partial,
    addresses: [addresses[0] ?? source.address, ...addresses.slice(1)],
    args: [
      'submodule',
      '--quiet',
      'update',
      '--init',
      '--checkout',
      '--recursive',
      ...(await partially(world)),
    ],
    limit,
  });
}

/**
 * Marks what the tags of a fresh working copy and of its submodules lead to: a clone brings tags of commits that are on
 * no branch, and those look like somebody's own.
 */
export async function markTags(world: World, folder: string): Promise<void> {
  const own = pathToFileURL(folder).href;
  const copy = ['fetch', '--quiet', '.', `+refs/tags/*:${formerRefs}/tags/*`];
  const run = (...args: string[]): Promise<string> =>
    remoteGit(world, { folder, addresses: [own], args, limit });
  await run(...copy);
  if ((await kindOf(join(folder, '.gitmodules'))) === undefined) return;
  await run('submodule', '--quiet', 'foreach', '--recursive', 'git', ...copy);
}

/** Submodules can leave out what is not needed since git 2.36. */
async function partially(world: World): Promise<string[]> {
  const [major = 0, minor = 0] = ((await gitVersion(world)) ?? '').split('.').map(Number);
  return major > 2 || (major === 2 && minor >= 36) ? ['--filter=blob:none'] : [];
}
