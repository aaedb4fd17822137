// Mount points: where another file system, or another folder of the same one, lies over a folder.
import { lstat, readFile, readdir, realpath } from 'node:fs/promises';
import { platform } from 'node:os';
import { basename, dirname, join } from 'node:path';

/**
 * The mount points at a path and below it, bind mounts of one file system included; links are not followed. None if
 * nothing lies there. Throws errors of the file system as they are.
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
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code)))
      return [];
    throw error;
  }
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
