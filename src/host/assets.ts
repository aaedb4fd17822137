// The program's own data files: templates and fixtures.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../world.ts';

/**
 * The text of one of our own files, by its path below the assets folder. Read at once, because they are few and
 * small, and a plan can then be computed without waiting. A missing one is our mistake: an Error.
 */
export function readAsset(host: Pick<Host, 'assets'>, path: string): string {
  return readFileSync(join(host.assets, path), 'utf8');
}
