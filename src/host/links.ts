// Symbolic links: where they point, and making them point elsewhere in one step.
import { readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { filesystemFailure, hasCode, makeLink, moveOver, removeFile } from './files.ts';

/** What a link says, as it stands there; undefined if nothing or something else lies at the path. */
export async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EINVAL')) return undefined;
    throw filesystemFailure('read', path, error);
  }
}

/** The name beside it under which a link begins. */
export const linkPartial = (path: string): string => join(dirname(path), `.${basename(path)}.partial`);

/** Makes a link, in place of one that is there; at no time is there none. */
export async function pointLink(path: string, target: string): Promise<void> {
  const beside = linkPartial(path);
  await removeFile(beside);
  await makeLink(target, beside);
  await moveOver(beside, path);
}
