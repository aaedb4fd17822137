// A tree that shall come from elsewhere: another is put in its place, unless somebody's work is in it.
import { join } from 'node:path';
import { treePath } from '../environment/names.ts';
import type { TreeSource } from '../environment/spec.ts';
import { Failure } from '../failure.ts';
import { kindOf, readText, removeWhole, writeWhole } from '../host/files.ts';
import { git } from '../host/git.ts';
import { fingerprint } from '../plan/run.ts';
import { treeFormer, treeNext } from '../resources/tree.ts';
import { pastedAddress } from '../source/address.ts';
import { exchange, noteSource, notedSource, settleExchange, type Exchange } from '../source/exchange.ts';
import { workplaces } from '../source/work.ts';
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

/** Ends an exchange that was cut off. */
export const settleTree = (making: Making, name: string): Promise<void> =>
  settleExchange(exchangeOf(making, name));

/** Has the new tree made beside the old one and gives it the place; an old one with work in it is `BAI-GIT-WORK`. */
export async function replaceTree(
  making: Making,
  name: string,
  make: (next: string) => Promise<string>,
): Promise<string> {
  const wish = exchangeOf(making, name);
  await assertClean(making, name);
  await removeWhole(wish.next);
  const made = await make(wish.next);
  await noteSource(wish.next, sourceNote(making.spec.trees[name]));
  // it took a while
  await assertClean(making, name);
  await exchange(wish);
  return made;
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
  if (source.source !== 'git') return false;
  const args = ['config', '--get', 'remote.origin.url'];
  return (await git(world, { folder: path, args, allow: [1] })).trim() === source.address;
}

/** Throws `BAI-GIT-WORK` for a tree with work in it, with what does by hand what we then do not do. */
export async function assertClean({ world, spec, former, resources }: Making, name: string): Promise<void> {
  // a tree that is no longer wanted is known only to what was
  const known = [spec, ...former].find((one) => Object.hasOwn(one.release.trees, name)) ?? spec;
  const path = treePath(known, name);
  const found = await workplaces(world, path, oursIn(world, { spec: known, resources: resources() }, name));
  if (found.length === 0) return;
  const source = spec.trees[name];
  const at = `git -C ${JSON.stringify(path)}`;
  const byHand =
    source?.source !== 'git'
      ? []
      : (await isCloneOf(world, path, source).catch(() => false))
        ? [`${at} fetch origin ${source.ref} && ${at} switch ${source.ref}`]
        : [`${at} fetch ${pastedAddress(source.address)} ${source.ref} && ${at} checkout FETCH_HEAD`];
  const lines = found.flatMap((place) => place.work.map(({ summary }) => `${place.path}: ${summary}`));
  throw new Failure(
    'BAI-GIT-WORK',
    `${path} holds work that exists nowhere else, and such a tree is neither switched nor removed.`,
    {
      facts: { tree: name, path, work: found },
      lines,
      next: [
        { purpose: 'look at it', command: `${at} status` },
        ...byHand.map((command) => ({ purpose: 'or do it by hand', command })),
      ],
    },
  );
}

/** Has git in every tree leave out what is ours in it by now; lines that are there stay. */
export async function excludeOurs({ world, spec }: Making): Promise<void> {
  for (const name of Object.keys(spec.release.trees)) {
    const file = join(treePath(spec, name), '.git/info/exclude');
    if ((await kindOf(file)) !== 'file') continue;
    const text = (await readText(file)) ?? '';
    const known = new Set(text.split('\n'));
    const missing = excludedFrom(world.host, spec, name).filter((line) => !known.has(line));
    if (missing.length === 0) continue;
    const begun = text === '' || text.endsWith('\n') ? text : `${text}\n`;
    await writeWhole(file, `${begun}${missing.join('\n')}\n`, 0o644);
  }
}
