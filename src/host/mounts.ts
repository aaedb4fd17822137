// Mount points and symbolic links on the way to a path: what lies behind them is somewhere else.
import { lstat, readFile, readdir, realpath } from 'node:fs/promises';
import { platform } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { filesystemFailure, hasCode, kindOf } from './files.ts';

/**
 * The mount points at a path and below it, bind mounts of one file system included; links are not followed. None if
 * nothing lies there. Throws `BAI-FILESYSTEM`.
 */
export async function mountsIn(path: string): Promise<string[]> {
  try {
    // only what lies above the path may be a link: a link itself is no mount point
    const real = join(await realpath(dirname(path)), basename(path));
    const all = await mountPoints();
    if (all === undefined) return await otherDevices(path);
    return all
      .filter((point) => point === real || point.startsWith(`${real}/`))
      .map((point) => `${path}${point.slice(real.length)}`)
      .sort();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw filesystemFailure('look at', path, error);
  }
}

/** A symbolic link or a mount point. */
export interface Barrier {
  readonly kind: 'link' | 'mount';
  readonly path: string;
}

/**
 * The first link or mount point on the way from a folder, which may itself be one, down to a path, the path included.
 * Undefined if there is none, or the path does not lie in the folder. Throws `BAI-FILESYSTEM`.
 */
export async function barrierBetween(folder: string, path: string): Promise<Barrier | undefined> {
  const parts = relative(folder, path).split('/');
  if (parts[0] === '' || parts[0] === '..') return undefined;
  const mounts = new Set(await mountsIn(folder));
  for (const [at] of parts.entries()) {
    const each = join(folder, ...parts.slice(0, at + 1));
    if ((await kindOf(each)) === 'link') return { kind: 'link', path: each };
    if (mounts.has(each)) return { kind: 'mount', path: each };
  }
  return undefined;
}

/** All mount points of this process, by their real paths; undefined where the system has no such list. */
async function mountPoints(): Promise<string[] | undefined> {
  if (platform() !== 'linux') return undefined;
  const text = await readFile('/proc/self/mountinfo', 'utf8').catch(() => undefined);
  return text?.split('\n').flatMap((line) => {
    const escaped = line.split(' ')[4];
    return escaped === undefined ? [] : [unescaped(escaped)];
  });
}

/** Blanks and the like stand there as octal numbers of their bytes; other bytes as they are. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));

/** Folders on another device than the one above them; without bind mounts this finds all. */
async function otherDevices(path: string): Promise<string[]> {
  const found: string[] = [];
  const visit = async (folder: string, above: number): Promise<void> => {
    const { dev } = await lstat(folder);
    if (dev !== above) {
      found.push(folder);
      return;
    }
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) if (entry.isDirectory()) await visit(join(folder, entry.name), dev);
  };
  if ((await lstat(path)).isDirectory()) await visit(path, (await lstat(dirname(path))).dev);
  return found;
}
