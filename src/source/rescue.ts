// Saves working copies with work in them before they are removed: whole, so that nothing in them has to be recognised.
import { dirname, join, relative, resolve } from 'node:path';
import { copyWhole, filesBelow } from '../host/copy.ts';
import { readSmall } from '../host/content.ts';
import { kindOf, makeFolder, removeFile, removeWhole, writeWhole } from '../host/files.ts';
import { publish } from '../host/flush.ts';
import { quoted } from '../quoted.ts';
import type { World } from '../world.ts';
import { lookAt } from './asking.ts';
import { restoreScript, type SavedCopy } from './restoring.ts';
import { linkedWorktrees, straysOf, type Known, type Workplace } from './work.ts';

export interface RescueWish {
  readonly id: string;
  /** Paths are shown, and restored, relative to it. */
  readonly installPath: string;
  readonly places: readonly Workplace[];
  /** Written whole or not at all. */
  readonly folder: string;
}

/** The name beside others under which one is written; a run that was killed may have left it. */
export const halfRescue = '.partial';

/**
 * Copies every tree with work in it, with its repository and its linked worktrees, without what tools wrote; gives the
 * command that restores them into a folder.
 */
export async function rescue(world: World, wish: RescueWish): Promise<{ command: string }> {
  const { id, installPath, places, folder } = wish;
  const partial = join(folder, '..', halfRescue);
  await removeWhole(partial);
  await makeFolder(partial, 0o700);
  const saved: SavedCopy[] = [];
  for (const tree of new Set(places.map((place) => place.tree))) {
    const ofTree = places.filter((place) => place.tree === tree);
    const isReadable = ofTree.every(({ work }) => work.every(({ kind }) => kind !== 'unknown'));
    const name = relative(installPath, tree);
    const place = name.replaceAll('/', '__');
    const into = join(partial, place);
    if (isReadable) {
      saved.push({ name, place, worktrees: await saveTree(world, { tree, into, known: ofTree[0]?.known }) });
    } else {
      await copyWhole(tree, into);
      saved.push({ name, place, worktrees: [] });
    }
  }
  await writeWhole(join(partial, 'restore.sh'), restoreScript(id, saved), 0o700);
  await publish(partial, folder);
  return { command: `sh ${quoted(join(folder, 'restore.sh'))} FOLDER` };
}

interface Saving {
  readonly tree: string;
  readonly into: string;
  readonly known: Known | undefined;
}

/** Gives the linked worktrees that were saved with the tree, or lie in it. */
async function saveTree(world: World, { tree, into, known }: Saving): Promise<SavedCopy['worktrees']> {
  await saveFiles(world, { tree, into, known });
  await inlineAlternates(tree, into);
  const saved: SavedCopy['worktrees'][number][] = [];
  for (const path of await linkedWorktrees(lookAt(world, tree))) {
    const inside = relative(tree, path);
    if (!inside.startsWith('..')) saved.push({ inside });
    else {
      const suffix = `.worktree-${saved.length + 1}`;
      await saveFiles(world, { tree: path, into: `${into}${suffix}`, known });
      saved.push({ suffix });
    }
  }
  return saved;
}

async function saveFiles(world: World, { tree, into, known = { ours: [] } }: Saving): Promise<void> {
  const { residue, repositories } = await straysOf(lookAt(world, tree), known);
  // a git that was killed may have left its lock
  const leave = (path: string): boolean => path === '.git/index.lock' || residue.has(path);
  await copyWhole(tree, into, { leave });
  for (const path of repositories) {
    if ((await kindOf(join(into, path))) !== undefined) continue;
    await makeFolder(dirname(join(into, path)));
    await copyWhole(join(tree, path), join(into, path));
  }
}

/** Repositories that take objects from another one, which may be removed as well, get copies of them. */
async function inlineAlternates(tree: string, copy: string): Promise<void> {
  const end = 'objects/info/alternates';
  for (const file of (await filesBelow(copy)).filter((path) => path.endsWith(end))) {
    const objects = dirname(dirname(file));
    const seen = new Set([join(tree, objects)]);
    const queue = await alternatesOf(join(tree, objects));
    for (let from = queue.shift(); from !== undefined; from = queue.shift()) {
      if (seen.has(from) || (await kindOf(from)) !== 'folder') continue;
      seen.add(from);
      for (const path of await filesBelow(from)) {
        const to = join(copy, objects, path);
        if (path.startsWith('info/') || (await kindOf(to)) !== undefined) continue;
        await makeFolder(dirname(to));
        await copyWhole(join(from, path), to);
      }
      queue.push(...(await alternatesOf(from)));
    }
    await removeFile(join(copy, file));
  }
}

async function alternatesOf(objects: string): Promise<string[]> {
  const text = (await readSmall(join(objects, 'info/alternates'), 65_536)) ?? '';
  return text
    .split('\n')
    .flatMap((line) => (line === '' || line.startsWith('#') ? [] : [resolve(objects, line)]));
}
