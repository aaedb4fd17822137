// Puts what was written onto the disk before anything calls it done: after a power cut a file that was only renamed is empty.
import { execFile } from 'node:child_process';
import { lstat, readdir } from 'node:fs/promises';
import { platform } from 'node:os';
import { dirname, join } from 'node:path';
import { filesystemFailure, flushFolder, hasCode, moveOver } from './files.ts';

/** Seconds that a slow disk may take for everything that any program has written to it. */
const limit = 900;

/** Files that are flushed at the same time where this is done one by one. */
const batch = 16;

/**
 * Returns when everything at and below these paths is on disk. Linux flushes the whole file systems that they lie on,
 * in one call each; elsewhere each file is flushed, or with `shallow` only the paths themselves and their folders.
 * Paths that do not exist are ignored. Throws `BAI-FILESYSTEM` if the disk reports an error.
 */
export async function flush(paths: readonly string[], options: { shallow?: boolean } = {}): Promise<void> {
  const there = (await Promise.all(paths.map(deviceOf))).filter((found) => found !== undefined);
  const [first] = there;
  if (first === undefined) return;
  const devices = new Map(there.map(({ device, path }) => [device, path]));
  try {
    if (platform() === 'linux' && (await syncFileSystems([...devices.values()]))) return;
    for (const { path } of there) {
      if (options.shallow !== true) await flushBelow(path);
      else for (const each of [path, dirname(path)]) await flushFolder(each);
    }
  } catch (error) {
    throw filesystemFailure('flush', first.path, error);
  }
}

/**
 * Gives what was made under a temporary name its final one: what is seen under that is on disk. Both lie on one file
 * system; `to` must be free, or a file.
 */
export async function publish(from: string, to: string): Promise<void> {
  await flush([from]);
  await moveOver(from, to);
  await flushFolder(dirname(to)).catch((error: unknown) => {
    throw filesystemFailure('flush', dirname(to), error);
  });
}

/** A path of which nothing is a link, so that the file system is that of what was made. */
async function deviceOf(path: string): Promise<{ device: number; path: string } | undefined> {
  try {
    const found = await lstat(path);
    // a link or a socket cannot be opened; the folder that holds it can
    const plain = found.isFile() || found.isDirectory();
    return { device: found.dev, path: plain ? path : dirname(path) };
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw filesystemFailure('look at', path, error);
  }
}

/** False where `sync` is missing or does not know `-f`, as in small containers. */
function syncFileSystems(paths: readonly string[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    execFile('sync', ['-f', '--', ...paths], { timeout: limit * 1000 }, (error, _stdout, stderr) => {
      if (error === null) resolve(true);
      else if (error.code === 'ENOENT' || /invalid option|unrecognized option|usage/i.test(stderr)) {
        resolve(false);
      } else reject(new Error(stderr.trim() === '' ? error.message : stderr.trim()));
    });
  });
}

async function flushBelow(path: string): Promise<void> {
  const found = await lstat(path);
  if (!found.isFile() && !found.isDirectory()) return;
  if (found.isDirectory()) {
    const names = await readdir(path);
    for (let at = 0; at < names.length; at += batch) {
      await Promise.all(names.slice(at, at + batch).map((name) => flushBelow(join(path, name))));
    }
  }
  await flushFolder(path);
}
