// Where each tree comes from: asks the repositories, all side by side, and falls back on PyPI where that is allowed.
import type { TreeSource } from '../environment/spec.ts';
import { Failure, type NextCommand } from '../failure.ts';
import type { World } from '../world.ts';
import { shownAddress } from './address.ts';
import { findRef, remoteRefs, type RemoteRefs } from './refs.ts';

/** What is wanted of one tree. */
export interface TreeDemand {
  readonly tree: string;
  /** `auto`: from git if it can be had there. */
  readonly source: 'git' | 'pypi' | 'auto';
  readonly ref: string;
  readonly address: string;
  /** The base that stands in place of the one where the release's repositories lie. */
  readonly repositories?: string;
  /** Repositories that its submodules come from. */
  readonly submodules: readonly string[];
  /** Absent where no index has it: then `source` is git. */
  readonly package?: { readonly name: string; readonly version: string };
}

/** Why a tree cannot be had from git. */
export interface Trouble {
  readonly kind: 'network' | 'access' | 'repository' | 'ref' | 'ambiguous';
  /** A full sentence. */
  readonly reason: string;
  /** Branches and tags that there are, where a name is the trouble. */
  readonly known: readonly string[];
  /** What may help where nobody is let in. */
  readonly next?: readonly NextCommand[];
}

/** The answer for one tree: a source, a trouble, or both where PyPI stands in. */
export interface TreeChoice {
  readonly tree: string;
  readonly ref: string;
  readonly source?: TreeSource;
  readonly trouble?: Trouble;
}

/** Seconds that a repository may take to answer: where PyPI stands in nobody should wait long. */
const limits = { auto: 3, git: 30 } as const;

/** One answer a demand, in their order. Asks each repository once, and none that nobody wants anything of. */
export async function chooseTrees(
  world: World,
  demands: readonly TreeDemand[],
): Promise<readonly TreeChoice[]> {
  const asked = new Map<string, Promise<RemoteRefs | Failure>>();
  const ask = (address: string, source: 'git' | 'auto'): Promise<RemoteRefs | Failure> => {
    const key = `${source} ${address}`;
    const known = asked.get(key);
    if (known !== undefined) return known;
    const answer = remoteRefs(world, address, limits[source]).catch((error: unknown) => {
      world.signal.throwIfAborted();
      if (error instanceof Failure) return error;
      throw error;
    });
    asked.set(key, answer);
    return answer;
  };
  return Promise.all(
    demands.map(async (demand): Promise<TreeChoice> => {
      const { tree, ref, source } = demand;
      if (source === 'pypi') return { tree, ref, source: fromPypi(demand) };
      const [refs, ...submodules] = await Promise.all(
        [demand.address, ...demand.submodules].map((address) => ask(address, source)),
      );
      const broken = [refs, ...submodules].find((answer) => answer instanceof Failure);
      const found =
        broken ?? (refs === undefined || refs instanceof Failure ? undefined : find(refs, demand));
      if (found !== undefined && 'source' in found) return { tree, ref, source: found };
      const trouble = found instanceof Failure ? troubleOf(found) : found;
      if (trouble === undefined) throw new Error(`nobody was asked for ${tree}`);
      return { tree, ref, trouble, ...(source === 'auto' ? { source: fromPypi(demand) } : {}) };
    }),
  );
}

function find(refs: RemoteRefs, demand: TreeDemand): TreeSource | Trouble {
  const { ref, address, repositories } = demand;
  const shown = shownAddress(address);
  const known = [...new Set([...refs.branches.keys(), ...refs.tags.keys()])];
  const found = findRef(refs, ref);
  if (found === undefined)
    return { kind: 'ref', reason: `${shown} has no branch or tag ${JSON.stringify(ref)}.`, known };
  if (found === 'ambiguous') {
    const reason = `${JSON.stringify(ref)} is a branch and a tag of ${shown}.`;
    return { kind: 'ambiguous', reason, known: [`refs/heads/${ref}`, `refs/tags/${ref}`] };
  }
  return { source: 'git', ...found, address, ...(repositories === undefined ? {} : { repositories }) };
}

function fromPypi({ tree, package: packed }: TreeDemand): TreeSource {
  if (packed === undefined) throw new Error(`${tree} is on no package index`);
  return { source: 'pypi', ref: packed.version, address: packed.name };
}

function troubleOf({ code, message, more }: Failure): Trouble {
  const kind =
    code === 'BAI-SOURCE-ACCESS' ? 'access' : code === 'BAI-SOURCE-REPOSITORY' ? 'repository' : 'network';
  return { kind, reason: message, known: [], ...(more.next === undefined ? {} : { next: more.next }) };
}
