// What lies in an environment's install path and is the user's: files in virtual folders, and whatever nobody else made.
import { basename, dirname, join, relative } from 'node:path';
import { duplicate, tally, type DuplicateWish } from '../host/duplicate.ts';
import { kindOf, listFolder, makeFolder, readText } from '../host/files.ts';
import { barrierBetween } from '../host/barrier.ts';
import type { EnvironmentRecord } from './record.ts';

/** Files of the user in one place below the install path. The shape is a contract: `delete --json` prints it. */
export interface UserFiles {
  /** Relative to the install path, e.g. `vfolder/local`. */
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
  /** The first of them, relative to the install path. */
  readonly names: readonly string[];
  /** The place is removed with the environment, with everything in it. */
  readonly goes: boolean;
}

type Made = Pick<EnvironmentRecord, 'spec' | 'resources'>;

/**
 * The user's files in the install path, but for those inside source trees, which are a matter of git: all that is in
 * the release's folders, i.e. the virtual folders, and everything else that is no resource of the environment. Links
 * and mount points count as one file each and are not followed. Read-only. Throws `BAI-FILESYSTEM`.
 */
export async function findUserFiles(record: Made): Promise<UserFiles[]> {
  const { installPath } = record.spec;
  const found: UserFiles[] = [];
  const add = async (path: string, goes: boolean, without: readonly string[] = []): Promise<void> => {
    const { files, bytes, names } = await tally(path, without);
    const place = relative(installPath, path);
    if (files > 0)
      found.push({ path: place, files, bytes, names: names.map((name) => join(place, name)), goes });
  };
  for (const path of wholeFolders(record)) {
    const inner = wholeFolders(record).filter((other) => other.startsWith(`${path}/`));
    const others = await notOfUser(path, installPath);
    if ((await barrierBetween(installPath, path)) === undefined) await add(path, true, [...inner, ...others]);
  }
  for (const path of await unknownPaths(record)) await add(path, false);
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * Saves all files that go with the environment in an existing folder, under `files/` by their paths below the install
 * path; empty virtual folders too. Throws `BAI-FILESYSTEM`, naming what cannot be saved.
 */
export async function saveUserFiles(record: Made, into: string, wish: DuplicateWish): Promise<void> {
  const { installPath } = record.spec;
  const all = wholeFolders(record);
  for (const path of all.filter((one) => !all.some((other) => one.startsWith(`${other}/`)))) {
    if ((await kindOf(path)) !== 'folder') continue;
    if ((await barrierBetween(installPath, path)) !== undefined) continue;
    const to = userFilesPath(into, relative(installPath, path));
    await makeFolder(join(to, '..'), 0o700);
    await duplicate(path, to, wish);
  }
}

/** Where `saveUserFiles` puts the file of such a path below the install path. */
export const userFilesPath = (saved: string, path: string): string => join(saved, 'files', path);

/** Folders of the install path that are removed with everything in them, the outer ones first; those of trees are not. */
export function wholeFolders({ spec, resources }: Made): string[] {
  const trees = resources.flatMap((one) => (one.kind === 'tree' ? [one.path] : []));
  return resources
    .flatMap((one) => (one.kind === 'folder' && one.own ? [one.path] : []))
    .filter((path) => path.startsWith(`${spec.installPath}/`))
    .filter((path) => !trees.some((tree) => path.startsWith(`${tree}/`)))
    .sort();
}

/** Paths in the install path that are neither a resource nor hold one, and that no known program made. */
async function unknownPaths({ spec, resources }: Made): Promise<string[]> {
  const { installPath } = spec;
  const made = new Map(resources.flatMap((one) => ('path' in one ? [[one.path, one] as const] : [])));
  const holds = (path: string): boolean => [...made.keys()].some((one) => one.startsWith(`${path}/`));
  const found: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    const others = await notOfUser(folder, installPath);
    for (const name of await listFolder(folder)) {
      const path = join(folder, name);
      const isOther = (await barrierBetween(folder, path)) !== undefined;
      if (made.has(path) && !isOther) continue;
      if (holds(path) && !isOther) await visit(path);
      else if (!others.includes(path) && !isHalfMade(path, made.keys())) found.push(path);
    }
  };
  await visit(installPath);
  return found;
}

/** The names beside a resource under which bai-dev begins and ends it. */
const isHalfMade = (path: string, made: Iterable<string>): boolean =>
  /\.(partial|next|former)$/.test(path) &&
  [...made].some((one) => path.startsWith(join(dirname(one), `.${basename(one)}.`)));

/** What programs other than bai-dev put beside a user's files, by place and content; in doubt it is the user's. */
const foreign: readonly { readonly place: RegExp; readonly file?: string; readonly content: RegExp }[] = [
  // the storage-proxy writes the version of its folder layout there
  { place: /^vfolder\/(local\/)?version\.txt$/, content: /^\d+\s*$/ },
  // caches of pytest, mypy, ruff and others, when one was run in the install path
  { place: /^\.\w+_cache$/, file: 'CACHEDIR.TAG', content: /^Signature: 8a477f597d28d172789f06886806bc55/ },
  // the macOS Finder
  { place: /^\.DS_Store$/, content: /^\0\0\0\x01Bud1/ },
];

async function notOfUser(folder: string, installPath: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await listFolder(folder)) {
    const path = join(folder, name);
    const known = foreign.find(({ place }) => place.test(relative(installPath, path)));
    if (known === undefined) continue;
    const file = known.file === undefined ? path : join(path, known.file);
    if ((await kindOf(file)) !== 'file') continue;
    if (known.content.test((await readText(file)) ?? '')) found.push(path);
  }
  return found;
}
