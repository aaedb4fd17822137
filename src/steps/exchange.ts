// A tree that shall come from elsewhere: another is put in its place, unless somebody's work is in it.
import { join } from 'node:path';
import { member, treePath } from '../environment/names.ts';
import type { GitSource, TreeSource } from '../environment/spec.ts';
import { Failure, type NextCommand } from '../failure.ts';
import { kindOf, removeWhole } from '../host/files.ts';
import { git } from '../host/git.ts';
import { fingerprint } from '../plan/run.ts';
import { quoted } from '../quoted.ts';
import { treeFormer, treeNext } from '../resources/tree.ts';
import { pastedAddress } from '../source/address.ts';
import { exchange, noteSource, notedSource, settleExchange, type Exchange } from '../source/exchange.ts';
import { addExcluded } from '../source/excluding.ts';
import { markInstalled, workplaces, type Workplace } from '../source/work.ts';
import type { World } from '../world.ts';
import type { Making } from './making.ts';
import { excludedFrom, oursIn } from './excluded.ts';

/** Where a tree shall come from, in a word that can be compared. */
export const sourceNote = (source: TreeSource | undefined): string => fingerprint(source ?? null);

/** True if the tree that lies there is not of the source that it shall be of; only ever while something is changed. */
export async function isOfAnother({ spec, former }: Making, name: string): Promise<boolean> {
  const [whole] = former;
  if (whole === undefined) return false;
  const noted = await notedSource(treePath(spec, name));
  return (noted ?? sourceNote(whole.trees[name])) !== sourceNote(spec.trees[name]);
}

/** Ends an exchange that was cut off, and takes away what was made for one that never came. */
export async function settleTree(making: Making, name: string): Promise<void> {
  const wish = exchangeOf(making, name);
  await settleExchange(wish);
  await removeWhole(wish.next);
}

/**
 * Has the new tree made beside the old one and gives it the place; one that its developer switched there by hand stays,
 * with the work in it. Other work is `BAI-GIT-WORK`.
 */
export async function replaceTree(
  making: Making,
  name: string,
  make: (next: string) => Promise<string>,
): Promise<string> {
  const { world, spec } = making;
  const wish = exchangeOf(making, name);
  const source = spec.trees[name];
  if (await mayReplace(making, name)) {
    const made = await make(wish.next);
    await noteSource(wish.next, sourceNote(source));
    // it took a while
    if (await mayReplace(making, name)) {
      await exchange(wish);
      return made;
    }
    await removeWhole(wish.next);
  }
  if (source?.source === 'git')
    await markInstalled(world, wish.path, await commitAt(world, wish.path, source));
  await noteSource(wish.path, sourceNote(source));
  return `${name} ${source?.ref ?? ''} as it is`;
}

function exchangeOf({ spec, resources }: Making, name: string): Exchange {
  const path = treePath(spec, name);
  const files = resources().flatMap((one) =>
    one.kind === 'file' && one.tree === path ? [one.path.slice(path.length + 1)] : [],
  );
  const folders = spec.release.trees[name]?.folders ?? [];
  return { path, next: treeNext(path), former: treeFormer(path), carried: [...files, ...folders] };
}

/** True if the working copy was cloned from that address, so that its repository can go on being used. */
export async function isCloneOf(world: World, path: string, source: TreeSource): Promise<boolean> {
  return source.source === 'git' && (await ask(world, path, 'config', '--get', remoteKey)) === source.address;
}

/** True if its developer has checked out already, by hand, what the working copy shall be of. */
async function isSwitched(world: World, path: string, source: TreeSource | undefined): Promise<boolean> {
  if (source?.source !== 'git' || !(await isCloneOf(world, path, source))) return false;
  const { ref, kind, commit = ref } = source;
  if (kind !== 'branch') return (await ask(world, path, 'rev-parse', 'HEAD')).startsWith(commit);
  const branch = await ask(world, path, 'symbolic-ref', '--quiet', 'HEAD');
  if (branch === '') return false;
  return (await ask(world, path, 'for-each-ref', '--format=%(upstream)', branch)) === tracking(ref);
}

/** The commit that exists elsewhere of what was switched by hand. */
function commitAt(world: World, path: string, { ref, kind }: GitSource): Promise<string> {
  return ask(world, path, 'rev-parse', kind === 'branch' ? tracking(ref) : 'HEAD');
}

const remoteKey = 'remote.origin.url';
const tracking = (ref: string): string => `refs/remotes/origin/${ref}`;
const ask = async (world: World, folder: string, ...args: string[]): Promise<string> =>
  (await git(world, { folder, args, allow: [1] })).trim();

/**
 * False for a tree that was switched by hand and has work in it: it is what it shall be. Throws `BAI-GIT-WORK` for work
 * in another, with what does by hand what we then do not do.
 */
export async function mayReplace(making: Making, name: string): Promise<boolean> {
  const { path, work } = await workIn(making, name);
  if (work.length === 0) return true;
  const { world, spec } = making;
  if (await isSwitched(world, path, spec.trees[name]).catch(() => false)) return false;
  throw refusal(name, { path, work, next: await byHand(making, name) });
}

/** Throws `BAI-GIT-WORK` for a tree with work in it. */
export async function assertClean(making: Making, name: string): Promise<void> {
  const { path, work } = await workIn(making, name);
  if (work.length > 0) throw refusal(name, { path, work, next: [] });
}

interface FoundWork {
  readonly path: string;
  readonly work: readonly Workplace[];
}

async function workIn({ world, spec, former, resources }: Making, name: string): Promise<FoundWork> {
  // a tree that is no longer wanted is known only to what was
  const known = [spec, ...former].find((one) => Object.hasOwn(one.release.trees, name)) ?? spec;
  const path = treePath(known, name);
  const ours = oursIn(world, { spec: known, resources: resources() }, name);
  // generated files, edited or not, and folders of data go along
  const carried = known.release.trees[name]?.folders ?? [];
  return { path, work: await workplaces(world, path, { ours, carried }) };
}

/** The commands that switch the tree, work and all, and what follows them. */
async function byHand({ world, spec }: Making, name: string): Promise<NextCommand[]> {
  const source = spec.trees[name];
  if (source?.source !== 'git') return [];
  const path = treePath(spec, name);
  const { ref, kind, commit } = source;
  const at = `git -C ${quoted(path)}`;
  const purpose = 'or do it by hand';
  if (!(await isCloneOf(world, path, source).catch(() => false))) {
    const fetch = `fetch ${pastedAddress(source.address)} ${quoted(ref)}`;
    return [{ purpose, command: `${at} ${fetch} && ${at} checkout FETCH_HEAD` }];
  }
  const [fetched, wanted] = {
    branch: [quoted(ref), quoted(ref)] as const,
    tag: [`tag ${quoted(ref)}`, `--detach ${quoted(ref)}`] as const,
    commit: [commit ?? '', `--detach ${commit ?? ref}`] as const,
  }[kind];
  const steps = [`fetch origin ${fetched}`.trimEnd(), `switch ${wanted}`];
  if (member(spec.release.trees, name, 'tree').submodules.length > 0) {
    steps.push('submodule update --init --recursive');
  }
  return [
    { purpose, command: steps.map((step) => `${at} ${step}`).join(' && ') },
    { purpose: 'and then, with the same options', command: `bai-dev install -e ${spec.id} --change` },
  ];
}

function refusal(
  tree: string,
  { path, work, next }: FoundWork & { readonly next: readonly NextCommand[] },
): Failure {
  return new Failure(
    'BAI-GIT-WORK',
    `${path} holds work that exists nowhere else, and such a tree is neither switched nor removed.`,
    {
      facts: { tree, path, work },
      lines: work.flatMap((place) => place.work.map(({ summary }) => `${place.path}: ${summary}`)),
      next: [{ purpose: 'look at it', command: `git -C ${quoted(path)} status` }, ...next],
    },
  );
}

/** Has git in every tree leave out what is ours in it by now; lines that are there stay. */
export async function excludeOurs({ world, spec, former }: Making): Promise<void> {
  for (const name of Object.keys(spec.release.trees)) {
    const repository = join(treePath(spec, name), '.git');
    if ((await kindOf(join(repository, 'info/exclude'))) !== 'file') continue;
    // what an earlier release had there may be from before there was a note
    const all = [spec, ...former].filter((one) => Object.hasOwn(one.release.trees, name));
    await addExcluded(repository, [...new Set(all.flatMap((one) => excludedFrom(world.host, one, name)))]);
  }
}
