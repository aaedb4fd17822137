// Which remote-tracking references say that commits exist elsewhere. Nothing is asked over a network.
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kindOf } from '../host/files.ts';
import { git } from '../host/git.ts';
import { lines, lookAt, type Look } from './asking.ts';

/** The names of commits that exist elsewhere, and how sure that is. */
export interface Elsewhere {
  /** Proven: the repository is on this machine, will stay, and has the commit. */
  readonly proven: readonly string[];
  /** As of the last fetch or push: the repository is on another machine. */
  readonly believed: readonly string[];
}

/**
 * `removed`: a folder that is about to be removed, and repositories in it with it. A reference counts only if its
 * remote is still configured, and one on this machine only if it is there and has the commit.
 */
export async function commitsElsewhere(look: Look, removed: string): Promise<Elsewhere> {
  const remotes = lines(await look.ask('remote')).sort((one, other) => other.length - one.length);
  if (remotes.length === 0) return { proven: [], believed: [] };
  const places = new Map<string, Place>();
  for (const name of remotes) places.set(name, await placeOf(look, name, removed));
  const listed = lines(
    await look.ask(
      'for-each-ref',
      '--format=%(objectname) %(refname)',
      'refs/remotes',
      'refs/prefetch/remotes',
    ),
  );
  const proven: string[] = [];
  const believed: string[] = [];
  for (const line of listed) {
    const [commit = '', reference = ''] = line.split(' ');
    const tracking = reference.replace(/^refs\/(prefetch\/)?remotes\//, '');
    const remote = remotes.find((name) => tracking.startsWith(`${name}/`));
    const place = remote === undefined ? 'none' : (places.get(remote) ?? 'none');
    if (place === 'network') believed.push(commit);
    else if (place !== 'none' && (await hasCommit(look, place.path, commit))) proven.push(commit);
  }
  return { proven, believed };
}

/** Where a remote's repository is. */
type Place = 'network' | 'none' | { readonly path: string };

async function placeOf(look: Look, remote: string, removed: string): Promise<Place> {
  const { world, folder } = look;
  // with the user's own abbreviations of addresses
  const call = { folder, args: ['remote', 'get-url', remote], allow: [1, 2, 128], configured: true };
  const address = (await git(world, call)).trim();
  const path = localPath(address, folder);
  if (path === undefined) return address === '' ? 'none' : 'network';
  const found = await existing(path);
  if (found === undefined) return 'none';
  const inside = [folder, removed].some((place) => `${found}/`.startsWith(`${place}/`));
  return inside ? 'none' : { path: found };
}

/** An address may leave out the `.git` of a bare repository's name, as git allows. */
async function existing(path: string): Promise<string | undefined> {
  for (const each of [path, `${path}.git`]) if ((await kindOf(each)) !== undefined) return each;
  return undefined;
}

/** The folder that an address means; undefined for one on another machine. */
export function localPath(address: string, folder: string): string | undefined {
  if (/^file:\/\//i.test(address)) return pathOfUrl(address);
  if (/^[a-z][a-z0-9+.-]*::?\/\//i.test(address) || /^[^/]*::/.test(address)) return undefined;
  // as git tells host:path from a path
  if (/^[^/]+:/.test(address) || address === '') return undefined;
  return isAbsolute(address) ? resolve(address) : join(folder, address);
}

function pathOfUrl(address: string): string {
  try {
    return fileURLToPath(address);
  } catch {
    return resolve(address.replace(/^file:\/\/[^/]*/i, ''));
  }
}

/** True if a reference of a repository on this machine leads to the commit. */
async function hasCommit({ world }: Look, place: string, commit: string): Promise<boolean> {
  const { ask } = lookAt(world, place);
  try {
    return (await ask('for-each-ref', '--count=1', `--contains=${commit}`)) !== '';
  } catch {
    world.signal.throwIfAborted();
    return false;
  }
}
