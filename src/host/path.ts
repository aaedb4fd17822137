// Programs that this machine has: where PATH finds them, and what they really are.
import { constants } from 'node:fs';
import { access, open, realpath, stat } from 'node:fs/promises';
import { basename, delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import type { Host } from '../world.ts';

/** Every executable of that name in PATH, in its order, as absolute paths that may be links. */
export async function programsNamed(host: Pick<Host, 'variables'>, name: string): Promise<string[]> {
  const folders = (host.variables['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  const paths = [...new Set(folders)].map((folder) => join(folder, name));
  const found = await Promise.all(paths.map(isProgram));
  return paths.filter((_, at) => found[at]);
}

/** True for a file that this user may run. */
export async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** The file that a path leads to through all links; undefined if there is none. */
export async function realPath(path: string): Promise<string | undefined> {
  return realpath(path).catch(() => undefined);
}

/**
 * A path as it is given and, if another one, as it is once all links are resolved: other programs may know it by either.
 * Of what is not there any more the folders above count.
 */
export async function spellingsOf(path: string): Promise<string[]> {
  for (let at = path, rest = ''; at !== dirname(at); rest = join(basename(at), rest), at = dirname(at)) {
    const real = await realPath(at);
    if (real !== undefined) return [...new Set([path, rest === '' ? real : join(real, rest)])];
  }
  return [path];
}

/** The nearest folder with a file of that name in it, from `folder` upwards; undefined if there is none. */
export async function nearestWith(folder: string, name: string): Promise<string | undefined> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const found = await stat(join(at, name)).catch(() => undefined);
    if (found?.isFile() === true) return at;
    if (at === dirname(at)) return undefined;
  }
}

/** True for a text that some interpreter runs, as the shims of version managers are. */
export async function isScript(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.toString('latin1', 0, bytesRead) === '#!';
  } finally {
    await file.close();
  }
}
