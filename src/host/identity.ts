// Who owns what bai-dev makes: a user together with a state folder, as a short hash that things are marked with.
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * The owner that belongs to a user and a state folder. Two state folders may hold environments of the same ID, also
 * of one user. It is computed, not stored: a number kept in the state folder would be copied along with it, and lost
 * with it, while a dry run could not even make one. The folder is resolved, so that a link to it is the same owner;
 * what does not exist yet is taken as it is named.
 */
export function ownerOf(uid: number, state: string): string {
  return createHash('sha256')
    .update(`${uid}:${resolved(state)}`)
    .digest('hex')
    .slice(0, 12);
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(resolved(above), basename(path));
  }
}
