// What lies in a working copy without git knowing it: files of the user's, repositories in it, and what tools wrote.
import { join } from 'node:path';
import { blobAt, entriesOf, type Entry } from '../host/entries.ts';
import { parts, type Look } from './asking.ts';
import { isOfVirtualenv, isResidue, isVirtualenv } from './residue.ts';
import type { IndexEntry } from './tracked.ts';

export interface Strays {
  readonly untracked: readonly string[];
  /** By whatever pattern of whomever. */
  readonly ignored: readonly string[];
  /** Folders that are repositories by themselves, also bare ones. */
  readonly repositories: readonly string[];
  /** Files and folders that tools and bai-dev wrote: nothing is lost with them. */
  readonly residue: ReadonlySet<string>;
}

export interface StrayWish {
  readonly index: readonly IndexEntry[];
  /** Paths of files that bai-dev wrote and nobody edited. */
  readonly generated: ReadonlySet<string>;
  /** Folders in it that are looked at by themselves: its linked worktrees. */
  readonly apart: ReadonlySet<string>;
}

/** Looks at every file below a working copy. */
export async function straysIn(look: Look, { index, generated, apart }: StrayWish): Promise<Strays> {
  const tracked = new Set(index.map(({ path }) => path));
  const links = new Set(index.filter(({ mode }) => mode === '160000').map(({ path }) => path));
  const hashes = new Set(index.map(({ hash }) => hash));
  const algorithm = index.some(({ hash }) => hash.length === 64) ? 'sha256' : 'sha1';
  const files: string[] = [];
  const repositories: string[] = [];
  const residue = new Set<string>();

  /** True for a tracked file, and for a folder with one in it. */
  const isTracked = (path: string): boolean =>
    tracked.has(path) || index.some((entry) => entry.path.startsWith(`${path}/`));
  const isKnown = async (path: string): Promise<boolean> => {
    if (generated.has(path) || isHalfOf(path, generated)) return true;
    const isCopy = async (): Promise<boolean> =>
      hashes.has((await blobAt(join(look.folder, path), algorithm))?.hash ?? '');
    return isResidue({ tree: look.folder, path, isCopy });
  };
  const visit = async (folder: string, installed: boolean): Promise<void> => {
    const entries = await entriesOf(join(look.folder, folder));
    if (folder !== '') {
      if (apart.has(folder)) return;
      if (isRepository(entries)) {
        // submodules are looked at by themselves
        if (!links.has(folder)) repositories.push(folder);
        return;
      }
    }
    const isEnvironment =
      entries.some(({ name }) => name === 'pyvenv.cfg') && (await isVirtualenv(join(look.folder, folder)));
    for (const { name, kind } of entries) {
      if (folder === '' && name === '.git') continue;
      const path = folder === '' ? name : `${folder}/${name}`;
      const inEnvironment = installed || (isEnvironment && isOfVirtualenv(name));
      if (isEnvironment && inEnvironment && !isTracked(path)) residue.add(path);
      if (kind === 'folder') await visit(path, inEnvironment);
      else if (kind !== 'other' && !tracked.has(path) && !inEnvironment) {
        if (kind === 'file' && (await isKnown(path))) residue.add(path);
        else files.push(path);
      }
    }
  };
  await visit('', false);
  const listed = new Set(parts(await look.ask('ls-files', '-z', '--others', '--exclude-standard')));
  return {
    untracked: files.filter((path) => listed.has(path)),
    ignored: files.filter((path) => !listed.has(path)),
    repositories,
    residue,
  };
}

/** True for a folder with a repository in it, or one that is a repository without a working copy. */
function isRepository(entries: readonly Entry[]): boolean {
  const has = (name: string, ...kinds: readonly string[]): boolean =>
    entries.some((entry) => entry.name === name && kinds.includes(entry.kind));
  return (
    has('.git', 'file', 'folder', 'link') ||
    (has('HEAD', 'file', 'link') && has('objects', 'folder') && has('refs', 'folder'))
  );
}

/** What a killed run leaves beside a generated file. */
function isHalfOf(path: string, generated: ReadonlySet<string>): boolean {
  const [, folder = '', name = ''] = /^(.*\/)?\.(.+?)\.[\da-f.]+\.partial$/.exec(path) ?? [];
  return generated.has(`${folder}${name}`);
}
