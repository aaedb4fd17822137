// Branches, tags and commits by name: what a repository has, and which of it is meant.
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';
import { shownAddress } from './address.ts';
import { remoteGit } from './transport.ts';

/** What a repository tells of itself without being copied: commits by name. */
export interface RemoteRefs {
  readonly branches: ReadonlyMap<string, string>;
  readonly tags: ReadonlyMap<string, string>;
}

/** A ref that was found, or that may be the hash of a commit that only a copy can tell. */
export interface FoundRef {
  /** Without `refs/heads/` or `refs/tags/`. */
  readonly ref: string;
  readonly kind: 'branch' | 'tag' | 'commit';
  readonly commit?: string;
}

/**
 * Asks a repository for its branches and tags; `limit` in seconds. Throws `BAI-SOURCE-REPOSITORY` (also for one that
 * is empty), `BAI-SOURCE-ACCESS`, `BAI-NETWORK`.
 */
export async function remoteRefs(world: World, address: string, limit: number): Promise<RemoteRefs> {
  const told = await remoteGit(world, {
    args: ['ls-remote', '--quiet', '--heads', '--tags', '--', address],
    addresses: [address],
    limit,
    quiet: true,
  });
  const branches = new Map<string, string>();
  const tags = new Map<string, string>();
  for (const line of told.split('\n')) {
    const [, commit = '', kind, name = ''] = /^([0-9a-f]{40})\trefs\/(heads|tags)\/(.+)$/.exec(line) ?? [];
    if (kind === 'heads') branches.set(name, commit);
    // the commit of an annotated tag comes after the tag itself, under this name
    if (kind === 'tags') tags.set(name.replace(/\^\{\}$/, ''), commit);
  }
  if (branches.size === 0 && tags.size === 0) {
    const shown = shownAddress(address);
    throw new Failure('BAI-SOURCE-REPOSITORY', `${shown} has no branch: it is empty.`, {
      facts: { address: shown },
    });
  }
  return { branches, tags };
}

/** What a name means in a repository; `ambiguous` if a branch and a tag are called so. */
export function findRef({ branches, tags }: RemoteRefs, name: string): FoundRef | 'ambiguous' | undefined {
  const [, kind, short = name] = /^refs\/(heads|tags)\/(.+)$/.exec(name) ?? [];
  const branch = kind === 'tags' ? undefined : branches.get(short);
  const tag = kind === 'heads' ? undefined : tags.get(short);
  if (branch !== undefined && tag !== undefined) return 'ambiguous';
  if (branch !== undefined) return { ref: short, kind: 'branch', commit: branch };
  if (tag !== undefined) return { ref: short, kind: 'tag', commit: tag };
  if (!/^[0-9a-f]{7,40}$/.test(name)) return undefined;
  const commits = new Set([...branches.values(), ...tags.values()].filter((one) => one.startsWith(name)));
  const [commit] = commits;
  if (name.length === 40) return { ref: name, kind: 'commit', commit: name };
  return { ref: name, kind: 'commit', ...(commits.size === 1 && commit !== undefined ? { commit } : {}) };
}
