// Can the environment lie where it is wanted?
import { dirname, relative } from 'node:path';
import { markerName } from '../environment/marker.ts';
import { environmentOfPath, listIds, readRecord } from '../environment/store.ts';
import { Failure } from '../failure.ts';
import { isWritable, kindOf, listFolder } from '../host/files.ts';
import { quoted } from '../quoted.ts';
import type { Finding } from '../report/events.ts';
import type { World } from '../world.ts';
import type { Checked, Draft } from './draft.ts';

/** The first thing that speaks against the install path; that of our own record is fine. */
export async function checkPath(world: World, draft: Draft): Promise<Checked<never>> {
  const { installPath: path } = draft;
  const look = async (): Promise<Finding | undefined> =>
    (await elsewhere(world, draft)) ?? (await obstacle(path, draft));
  const found = await look().catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    return blocker('path.unreadable', `${path} cannot be looked at`, error.message);
  });
  return { findings: [found ?? { id: 'path.ok', severity: 'ok', title: `Goes into ${path}` }] };
}

/** The path lies where something else of ours is. */
async function elsewhere({ host }: World, { id, installPath: path }: Draft): Promise<Finding | undefined> {
  for (const folder of Object.values(host.folders)) {
    if (isWithin(path, folder) || isWithin(folder, path)) {
      return blocker(
        'path.own',
        `${path} would mix with bai-dev's own folder`,
        `${folder} is where bai-dev keeps its own files.`,
      );
    }
  }
  const marked = await environmentOfPath(host, path);
  const { owner, user } = host;
  const isOurs = marked?.uid === user.uid && [undefined, owner].includes(marked.owner);
  if (marked !== undefined && (!isOurs || marked.id !== id || marked.installPath !== path)) {
    return inside(path, marked.id, marked.installPath);
  }
  for (const other of (await listIds(host)).filter((name) => name !== id)) {
    const record = await readRecord(host, other).catch(() => undefined); // told where it is named
    const theirs = record?.spec.installPath;
    if (theirs !== undefined && (isWithin(path, theirs) || isWithin(theirs, path)))
      return inside(path, other, theirs);
  }
  return undefined;
}

/** Something lies there, or nothing can be made there. */
async function obstacle(path: string, draft: Draft): Promise<Finding | undefined> {
  const kind = await kindOf(path);
  if (kind === 'link') {
    return blocker(
      'path.link',
      `${path} is a symbolic link`,
      'Name the folder itself: what is made there must not move with a link.',
    );
  }
  if (kind === 'file' || kind === 'other') {
    return blocker(
      'path.not-a-folder',
      `${path} is not a folder`,
      'The environment needs a folder of its own.',
    );
  }
  const names = kind === 'folder' && draft.record === undefined ? await listFolder(path) : [];
  if (draft.beside === true) {
    const [clash] = names.filter((name) => isMade(draft, name));
    if (clash !== undefined) {
      const reason = 'The environment has something of its own by that name.';
      return blocker('path.occupied', `${path} still holds ${clash}`, reason);
    }
  } else if (names.length > 0) {
    const reason = `It holds ${someOf(names)}, which bai-dev did not make or does not know any more.`;
    const found = blocker('path.occupied', `${path} is not empty`, reason);
    const aside = `mv ${quoted(path)} ${quoted(`${path}.before`)}`;
    return { ...found, next: [{ purpose: 'move it aside', command: aside }, ...(found.next ?? [])] };
  }
  const parent = await nearest(path);
  if ((await kindOf(parent)) === 'file') {
    return blocker('path.not-a-folder', `${parent} is not a folder`, `So ${path} cannot be made in it.`);
  }
  if (!(await isWritable(parent))) {
    return blocker(
      'path.not-writable',
      `Nothing can be made in ${parent}`,
      'This user has no right to write there, or it is read-only.',
    );
  }
  return undefined;
}

/** The first names; the others are only counted. */
const someOf = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;

/** True for a name in the install path under which a tree or a file of the environment is made. */
function isMade({ id, release }: Draft, name: string): boolean {
  const trees = Object.values(release.trees).map(({ folder }) => folder.split('/')[0]);
  return trees.includes(name) || name === markerName || name.includes(id) || name.startsWith('env-local');
}

/** The path itself or what lies above it, as far as it is there. */
async function nearest(path: string): Promise<string> {
  for (let at = path; at !== dirname(at); at = dirname(at)) if ((await kindOf(at)) !== undefined) return at;
  return '/';
}

/** True if a path is a folder or lies in it. */
const isWithin = (path: string, folder: string): boolean => !relative(folder, path).split('/').includes('..');

const inside = (path: string, id: string, theirs: string): Finding =>
  blocker('path.inside', `${path} would mix with the environment ${id}`, `That one lies in ${theirs}.`);

const blocker = (id: string, title: string, reason: string): Finding => ({
  id,
  severity: 'blocker',
  title,
  reason,
  next: [{ purpose: 'name another path', command: 'bai-dev install --install-path PATH' }],
});
