// Symbolic links and mount points on the way to a path: what lies behind them is somewhere else.
import { join, relative } from 'node:path';
import { filesystemFailure, kindOf } from './files.ts';
import { mountsIn } from './mounts.ts';

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
  const mounts = new Set(
    await mountsIn(folder).catch((error: unknown) => {
      throw filesystemFailure('look at', folder, error);
    }),
  );
  for (const [at] of parts.entries()) {
    const each = join(folder, ...parts.slice(0, at + 1));
    if ((await kindOf(each)) === 'link') return { kind: 'link', path: each };
    if (mounts.has(each)) return { kind: 'mount', path: each };
  }
  return undefined;
}
