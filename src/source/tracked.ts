// Which tracked files are not as they were committed. Contents are compared, so that no flag, time stamp, filter or monitor
// of a repository can hide a change.
import { join } from 'node:path';
import { readSmall } from '../host/content.ts';
import { hashOfFile } from '../host/copy.ts';
import { blobAt } from '../host/entries.ts';
import { filtersOff, git } from '../host/git.ts';
import { kindOf } from '../host/files.ts';
import { ownConfig, parts, resolveRef, userSetting, type Look } from './asking.ts';

export interface IndexEntry {
  readonly path: string;
  readonly mode: string;
  readonly hash: string;
  /** Above 0 in the middle of a merge. */
  readonly stage: number;
  /** Outside a sparse checkout, or flagged so by hand: that it is missing is no change. */
  readonly skipped: boolean;
}

/** The entries of the index. */
export async function indexOf({ ask }: Look): Promise<IndexEntry[]> {
  return parts(await ask('ls-files', '-z', '--stage', '-v')).map((line) => {
    const [flags, path] = [line.slice(0, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1)];
    const [tag = '', mode = '', hash = '', stage = '0'] = flags.split(' ');
    return { path, mode, hash, stage: Number(stage), skipped: tag.toUpperCase() === 'S' };
  });
}

/** Paths that differ between the last commit, the index and the files, sorted. */
export async function changedFiles(look: Look, index: readonly IndexEntry[]): Promise<string[]> {
  const committed = await committedFiles(look);
  const changed = new Set<string>();
  const suspects: IndexEntry[] = [];
  const config = await ownConfig(look);
  const isOff = (key: string): boolean => config.some((one) => one.key === key && one.value === 'false');
  const algorithm = index.some(({ hash }) => hash.length === 64) ? 'sha256' : 'sha1';
  for (const entry of index) {
    const { path, mode, hash } = entry;
    if (entry.stage > 0 || committed.get(path) !== `${mode} ${hash}`) changed.add(path);
    committed.delete(path);
    if (changed.has(path)) continue;
    if (mode === gitlink) {
      if (await isOtherCommit(look, entry)) changed.add(path);
      continue;
    }
    const there = await blobAt(join(look.folder, path), algorithm);
    if (there === undefined) {
      if (!entry.skipped) changed.add(path);
    } else if (there.hash !== hash) suspects.push(entry);
    else if (there.mode !== mode && !isOff(modeSetting(mode))) changed.add(path);
  }
  for (const path of committed.keys()) changed.add(path);
  for (const path of await reallyChanged(look, suspects)) changed.add(path);
  return [...changed].sort();
}

const gitlink = '160000';
const modeSetting = (mode: string): string => (mode === '120000' ? 'core.symlinks' : 'core.filemode');

async function committedFiles(look: Look): Promise<Map<string, string>> {
  if ((await resolveRef(look, 'HEAD')) === '') return new Map();
  return new Map(
    parts(await look.ask('ls-tree', '-r', '-z', 'HEAD')).map((line) => {
      const [mode = '', , hash = ''] = line.slice(0, line.indexOf('\t')).split(' ');
      return [line.slice(line.indexOf('\t') + 1), `${mode} ${hash}`];
    }),
  );
}

/** A submodule that was not fetched is as it should be: an empty folder. */
async function isOtherCommit({ world, folder }: Look, { path, hash, skipped }: IndexEntry): Promise<boolean> {
  const place = join(folder, path);
  const kind = await kindOf(place);
  if (kind !== 'folder') return !(skipped && kind === undefined);
  if ((await kindOf(join(place, '.git'))) === undefined) return false;
  const head = { folder: place, args: ['rev-parse', '--quiet', '--verify', 'HEAD'], allow: [1, 128] };
  return (await git(world, head)).trim() !== hash;
}

/** Of files whose bytes differ those that differ also once line endings and LFS are taken into account. */
async function reallyChanged(look: Look, suspects: readonly IndexEntry[]): Promise<string[]> {
  if (suspects.length === 0) return [];
  const { world, folder } = look;
  const paths = suspects.map(({ path }) => path);
  const attributes = parts(await look.feed(`${paths.join('\0')}\0`, 'check-attr', '--stdin', '-z', 'filter'));
  const left: IndexEntry[] = [];
  for (const [at, entry] of suspects.entries()) {
    if (attributes[3 * at + 2] !== 'lfs' || !(await isLargeFile(look, entry))) left.push(entry);
  }
  // git converts line endings by itself
  const settings = [
    ...(await filtersOff(world, folder)),
    ...(await userSetting(look, 'core.autocrlf')),
    ...(await userSetting(look, 'core.eol')),
  ];
  const changed: string[] = [];
  for (let at = 0; at < left.length; at += 200) {
    const some = left.slice(at, at + 200);
    const regular: IndexEntry[] = [];
    for (const entry of some) {
      const kind = await kindOf(join(folder, entry.path));
      if (kind === 'file' && entry.mode !== '120000') regular.push(entry);
      else changed.push(entry.path);
    }
    if (regular.length === 0) continue;
    const args = ['hash-object', '--', ...regular.map(({ path }) => path)];
    const hashes = (await git(world, { folder, args, settings })).split('\n');
    changed.push(...regular.filter(({ hash }, nth) => hashes[nth] !== hash).map(({ path }) => path));
  }
  return changed;
}

/** True if the file is what its pointer in the index names. */
async function isLargeFile({ ask, folder }: Look, { path, hash }: IndexEntry): Promise<boolean> {
  const pointer = await ask('cat-file', 'blob', hash).catch(() => '');
  const wanted = pointerOf(pointer);
  if (wanted === undefined) return false;
  if ((await readSmall(join(folder, path), 1024)) === pointer) return true;
  return (await kindOf(join(folder, path))) === 'file' && (await hashOfFile(join(folder, path))) === wanted;
}

/** The SHA-256 that the text names, if it is what git keeps in place of a large file. */
export const pointerOf = (text: string): string | undefined =>
  /^version https:\/\/git-lfs[^\n]*\n(?:[^\n]*\n)*?oid sha256:([0-9a-f]{64})\nsize \d+\n/.exec(text)?.[1];
