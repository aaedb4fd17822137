// What a working copy holds that exists nowhere else, and that would be lost with it.
import { join, relative, resolve } from 'node:path';
import { Failure } from '../failure.ts';
import { entriesOf } from '../host/entries.ts';
import { kindOf, listFolder } from '../host/files.ts';
import { git } from '../host/git.ts';
import type { World } from '../world.ts';
import { lines, lookAt, parts, resolveRef, type Look } from './asking.ts';
import { gitFolderOf } from './gitfolder.ts';
import { formerRefs, installedRef, referencesIn, type References } from './references.ts';
import { straysIn, type Strays } from './strays.ts';
import { changedFiles, indexOf } from './tracked.ts';

/** Marks the commit that a working copy is of by now, and keeps in mind the one before. */
export async function markInstalled(world: World, tree: string, commit: string): Promise<void> {
  const local = async (...args: string[]): Promise<string> =>
    (await git(world, { folder: tree, args, allow: [1] })).trim();
  const before = await local('rev-parse', '--quiet', '--verify', installedRef);
  if (before !== '') await local('update-ref', `${formerRefs}/${before}`, before);
  await local('update-ref', installedRef, commit);
}

export interface Work {
  readonly kind:
    | 'changes'
    | 'untracked'
    | 'ignored'
    | 'repository'
    | 'stash'
    | 'commits'
    | 'tags'
    | 'references'
    | 'operation'
    | 'worktree'
    | 'hooks'
    | 'settings'
    | 'files'
    | 'unknown';
  readonly count: number;
  /** Some of it by name: paths or titles of commits. */
  readonly examples: readonly string[];
  /** A few words: `2 changed files: setup.cfg, README.md`. */
  readonly summary: string;
}

/** A working copy with work in it: a tree, or a submodule of one. */
export interface Workplace {
  readonly path: string;
  /** The tree that it is or lies in. */
  readonly tree: string;
  readonly known: Known;
  readonly work: readonly Work[];
}

export interface Known {
  /**
   * Lines that bai-dev wrote into the exclude file. Those that name one file (`/manager.toml`) are files that it
   * generated: they are no work.
   */
  readonly ours: readonly string[];
  /** Generated files that somebody edited, relative to the tree. */
  readonly edited?: readonly string[];
  /** Folders in it that are kept apart from it. */
  readonly carried?: readonly string[];
  /** Commits that exist elsewhere. */
  readonly bases?: readonly string[];
  /** A folder that is about to be removed: repositories in it are no remotes. By default the tree itself. */
  readonly removed?: string;
}

/** Looks at a working copy and its submodules, read-only; gives those that hold work. */
export async function workplaces(world: World, tree: string, known: Known): Promise<Workplace[]> {
  const found: Workplace[] = [];
  const visit = async (look: Look, all: Known): Promise<void> => {
    const work = await workAt(look, tree, all);
    if (work.length > 0) found.push({ path: look.folder, tree, known, work });
    if (work.some(({ kind }) => kind === 'unknown')) return;
    for (const inner of await submodulesOf(look)) {
      await visit(inner.look, { ours: [], bases: inner.bases, removed: known.removed ?? tree });
    }
  };
  if ((await kindOf(tree)) === 'folder') await visit(lookAt(world, tree), known);
  return found;
}

/**
 * The work in one working copy, without its submodules. A copy that is not there holds none; one whose repository
 * is gone or cannot be read may hold anything.
 */
export async function workIn(world: World, tree: string, known: Known = { ours: [] }): Promise<Work[]> {
  if ((await kindOf(tree)) !== 'folder') return [];
  return workAt(lookAt(world, tree), tree, known);
}

/** What is said of a working copy that is clean: names that go with it, and what was not proven. */
export async function remarksOn(
  world: World,
  tree: string,
  known: Known & { readonly branch: string },
): Promise<string[]> {
  if ((await kindOf(join(tree, '.git'))) === undefined) return [];
  try {
    const { names, believed } = await referencesIn(lookAt(world, tree), knownCommits(tree, known));
    const others = names.filter((name) => name !== known.branch);
    return [
      ...(others.length === 0 ? [] : [`Names of commits that exist elsewhere: ${listed(others)}`]),
      ...(believed === 0
        ? []
        : [
            `${counted(believed, ['commit', 'commits'])} on a remote as of the last fetch or push, which was not checked`,
          ]),
    ];
  } catch (error) {
    world.signal.throwIfAborted();
    if (error instanceof Failure) return [];
    throw error;
  }
}

/** What lies in a working copy without being tracked. */
export async function straysOf(look: Look, { ours, edited = [], carried = [] }: Known): Promise<Strays> {
  const generated = ours.flatMap((line) => (/^\/.*[^/]$/.test(line) ? [line.slice(1)] : []));
  const worktrees = await linkedWorktrees(look);
  return straysIn(look, {
    index: await indexOf(look),
    generated: new Set(generated.filter((path) => !edited.includes(path))),
    apart: new Set([...carried, ...worktrees.map((path) => relative(look.folder, path))]),
  });
}

/** Working copies elsewhere that share this repository and are still there. */
export async function linkedWorktrees({ ask, folder }: Look): Promise<string[]> {
  const paths = lines(await ask('worktree', 'list', '--porcelain'))
    .filter((line) => line.startsWith('worktree '))
    .map((line) => line.slice('worktree '.length));
  const [main, ...others] = paths;
  const there = await Promise.all(others.map(kindOf));
  return main === undefined ? [] : others.filter((path, at) => there[at] === 'folder' && path !== folder);
}

async function workAt(look: Look, tree: string, known: Known): Promise<Work[]> {
  const { world, folder } = look;
  if (look.hasFiles && (await kindOf(join(folder, '.git'))) === undefined) {
    const left = await listFolder(folder);
    return found('unknown', left, ['path without a repository', 'paths without a repository']);
  }
  try {
    return [...(look.hasFiles ? await filesAt(look, known) : []), ...(await storedAt(look, tree, known))];
  } catch (error) {
    world.signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    return found('unknown', [error.message], ['repository that cannot be read', '']);
  }
}

async function filesAt(look: Look, known: Known): Promise<Work[]> {
  const changed = await changedFiles(look, await indexOf(look));
  const { untracked, ignored, repositories } = await straysOf(look, known);
  const edited = new Set(known.edited);
  return [
    ...found('changes', changed, ['changed file', 'changed files']),
    ...found('untracked', untracked, ['untracked file', 'untracked files']),
    ...found(
      'ignored',
      ignored.filter((path) => !edited.has(path)),
      ['ignored file', 'ignored files'],
    ),
    ...found(
      'ignored',
      ignored.filter((path) => edited.has(path)),
      ['edited configuration file', 'edited configuration files'],
    ),
    ...found('repository', repositories, ['repository inside', 'repositories inside']),
  ];
}

async function storedAt(look: Look, tree: string, known: Known): Promise<Work[]> {
  const references = await referencesIn(look, knownCommits(tree, known));
  const own = await gitFolderOf(look, { excluded: known.ours, bases: known.bases ?? [] });
  return [
    ...foundReferences(references),
    ...found('operation', await underWay(look), ['operation under way', 'operations under way']),
    ...found('worktree', await linkedWorktrees(look), ['linked worktree', 'linked worktrees']),
    ...found('hooks', own.hooks, ['hook', 'hooks']),
    ...found('settings', own.settings, ['setting in .git/config', 'settings in .git/config']),
    ...found('settings', own.patterns, ['line in .git/info/exclude', 'lines in .git/info/exclude']),
    ...found('files', own.files, ['file in .git', 'files in .git']),
    ...found('files', own.largeFiles, [
      'large file that may exist only here',
      'large files that may exist only here',
    ]),
  ];
}

function foundReferences(all: References): Work[] {
  return [
    ...found('stash', all.stashes, ['stash', 'stashes']),
    ...found('stash', all.droppedStashes, ['dropped stash', 'dropped stashes']),
    ...found('commits', all.commits, ['commit that exists only here', 'commits that exist only here']),
    ...found('commits', all.lostCommits, [
      'commit that only git fsck finds',
      'commits that only git fsck finds',
    ]),
    ...found('tags', all.tags, ['tag that exists only here', 'tags that exist only here']),
    ...found('references', all.notes, ['reference with notes', 'references with notes']),
    ...found('references', all.replacements, ['replace reference', 'replace references']),
    ...found('references', all.others, ['reference of its own kind', 'references of their own kind']),
  ];
}

const knownCommits = (tree: string, { bases = [], removed = tree }: Known) => ({ bases, removed });

/** Repositories of submodules, checked out or not, each with the commits that the install's own commit names. */
async function submodulesOf({ world, folder, ask }: Look): Promise<{ look: Look; bases: string[] }[]> {
  const installed = await resolveRef({ ask }, installedRef);
  const listed = installed === '' ? '' : await ask('ls-tree', '-r', '-z', installed);
  const bases = parts(listed).flatMap((entry) => /^160000 commit ([0-9a-f]+)/.exec(entry)?.[1] ?? []);
  const links = parts(await ask('ls-files', '-z', '--stage')).filter((entry) => entry.startsWith('160000 '));
  const places = links.map((entry) => join(folder, entry.slice(entry.indexOf('\t') + 1)));
  const looks: Look[] = [];
  const seen = new Set<string>();
  for (const place of places) {
    if ((await kindOf(join(place, '.git'))) === undefined) continue;
    const look = lookAt(world, place);
    looks.push(look);
    seen.add(resolve(place, (await look.ask('rev-parse', '--git-dir').catch(() => '')).trim()));
  }
  const common = resolve(folder, (await ask('rev-parse', '--git-common-dir')).trim());
  for (const path of await repositoriesBelow(join(common, 'modules'))) {
    if (!seen.has(path)) looks.push(lookAt(world, path, { GIT_DIR: path, GIT_WORK_TREE: path }));
  }
  return looks.map((look) => ({ look, bases }));
}

/** A submodule's name may have slashes. */
async function repositoriesBelow(folder: string): Promise<string[]> {
  const entries = await entriesOf(folder);
  if (entries.some(({ name, kind }) => name === 'HEAD' && kind === 'file')) return [folder];
  const found: string[] = [];
  for (const { name, kind } of entries) {
    if (kind === 'folder') found.push(...(await repositoriesBelow(join(folder, name))));
  }
  return found;
}

/** Names of what git itself remembers as unfinished. */
async function underWay({ ask, folder }: Look): Promise<string[]> {
  const marks = {
    merge: 'MERGE_HEAD',
    rebase: 'rebase-merge',
    'rebase or am': 'rebase-apply',
    'cherry-pick': 'CHERRY_PICK_HEAD',
    revert: 'REVERT_HEAD',
    'series of commits': 'sequencer',
    bisect: 'BISECT_LOG',
    'merge of notes': 'NOTES_MERGE_PARTIAL',
  };
  const files = lines(
    await ask('rev-parse', ...Object.values(marks).flatMap((file) => ['--git-path', file])),
  );
  const there = await Promise.all(files.map((file) => kindOf(resolve(folder, file))));
  return Object.keys(marks).filter((_, at) => there[at] !== undefined);
}

/** What it is called when it is one, and when it is more. */
type Words = readonly [one: string, many: string];

const counted = (count: number, [one, many]: Words): string => `${count} ${count === 1 ? one : many}`;
const listed = (all: readonly string[]): string =>
  `${all.slice(0, 3).join(', ')}${all.length > 3 ? ', …' : ''}`;

function found(kind: Work['kind'], all: readonly string[], words: Words): Work[] {
  if (all.length === 0) return [];
  const summary = `${counted(all.length, words)}: ${listed(all)}`;
  return [{ kind, count: all.length, examples: all.slice(0, 3), summary }];
}
