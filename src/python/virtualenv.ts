// A component's virtualenv: where it lies, whether it is whole, and making it out of a resolution.
import { basename, dirname, join } from 'node:path';
import { markerText, readMarker } from '../environment/marker.ts';
import { member, ownerFile, treePath, virtualenvName, virtualenvPath } from '../environment/names.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import { Failure } from '../failure.ts';
import {
  assertUnmounted,
  kindOf,
  makeFolder,
  moveOver,
  readText,
  removePartials,
  removeWhole,
  writeWhole,
} from '../host/files.ts';
import { flush } from '../host/flush.ts';
import { linkTarget, pointLink } from '../host/links.ts';
import { damagedPackages } from '../host/packages.ts';
import { changeTime, fileSize } from '../host/tail.ts';
import type { Host, World } from '../world.ts';
import { dayArguments, resolution } from './resolution.ts';
import { runUv, type UvPin } from './uv.ts';

/** The link under which pyenv finds it. */
export function virtualenvLink(spec: EnvironmentSpec, virtualenv: string): string | undefined {
  const { pyenv } = spec.python;
  return pyenv === undefined ? undefined : join(pyenv, 'versions', virtualenvName(spec, virtualenv));
}

/** The file by which pyenv, in a tree, selects the tree's virtualenv; without pyenv nobody would read it. */
export function selectionFile(spec: EnvironmentSpec, virtualenv: string): string | undefined {
  if (spec.python.pyenv === undefined) return undefined;
  return join(
    treePath(spec, member(spec.release.virtualenvs, virtualenv, 'virtualenv').tree),
    '.python-version',
  );
}

/** What that file says. */
export const selectionContent = (spec: EnvironmentSpec, virtualenv: string): string =>
  `${virtualenvName(spec, virtualenv)}\n`;

/** Is in a virtualenv that is whole, written last; holds the hash of what was asked for. */
const wholeFile = '.bai-dev-complete';

/** The name beside it under which its folder begins. */
export const virtualenvPartial = (path: string): string => join(dirname(path), `.${basename(path)}.partial`);

export interface VirtualenvWish {
  readonly spec: EnvironmentSpec;
  readonly name: string;
  /** Hash of what was asked for: another one means another virtualenv. */
  readonly asked: string;
}

/** True if it is there, whole, and what was asked for, and pyenv finds it. Looks only. */
export async function isVirtualenv(wish: VirtualenvWish): Promise<boolean> {
  const link = virtualenvLink(wish.spec, wish.name);
  const file = selectionFile(wish.spec, wish.name);
  return (
    (await isWhole(wish)) &&
    (link === undefined || (await linkTarget(link)) === virtualenvPath(wish.spec, wish.name)) &&
    (file === undefined || ((await fileSize(file)) ?? 0) > 0)
  );
}

async function isWhole(wish: VirtualenvWish): Promise<boolean> {
  return (await isComplete(wish)) && (await damageOf(virtualenvPath(wish.spec, wish.name))).length === 0;
}

/** True if it was completed for what was asked, and can run Python: its packages are not looked at. */
async function isComplete({ spec, name, asked }: VirtualenvWish): Promise<boolean> {
  const path = virtualenvPath(spec, name);
  const [made] = await marked(path);
  if (made !== asked) return false;
  const needed = await Promise.all(['bin/python', 'pyvenv.cfg'].map((file) => fileSize(join(path, file))));
  return needed.every((size) => size !== undefined && size > 0);
}

/** Packages that are not as they were installed; what was edited after the installation is the user's own. */
async function damageOf(path: string): Promise<string[]> {
  const [, ...odd] = await marked(path);
  const damaged = damagedPackages(path, await changeTime(join(path, wholeFile)));
  return damaged.filter(({ name, empty }) => empty || !odd.includes(name)).map(({ name }) => name);
}

/** What was asked for, and the packages whose RECORD was wrong from the beginning. */
async function marked(path: string): Promise<string[]> {
  return ((await readText(join(path, wholeFile))) ?? '').trim().split('\n');
}

/** The interpreter of a virtualenv, by its path. */
export const pythonOf = (virtualenv: string): string => join(virtualenv, 'bin/python');

export interface VirtualenvMaking extends VirtualenvWish {
  readonly uv: UvPin;
  readonly progress: (detail: string) => void;
}

/**
 * Makes it, from any half-made state: what is not whole is removed and made again, at its final path, since its
 * scripts hold that. Then the link, then the selection file. One of that name that is not ours is
 * `BAI-CONFLICT-OWNER`. Throws `BAI-PYTHON-RESOLVE`, `BAI-PYTHON-INSTALL`.
 */
export async function makeVirtualenv(world: World, wish: VirtualenvMaking): Promise<void> {
  const { spec, name } = wish;
  const path = virtualenvPath(spec, name);
  if (!(await isWhole(wish))) {
    if (!(await isComplete(wish)) || !(await repaired(world, wish, path))) {
      await begin(world, wish, path);
      const odd = await fill(world, wish, path);
      await flush([path]);
      await writeWhole(join(path, wholeFile), `${[wish.asked, ...odd].join('\n')}\n`, 0o644);
    }
  }
  const link = virtualenvLink(spec, name);
  if (link !== undefined && (await linkTarget(link)) !== path) {
    const kind = await kindOf(link);
    if (kind !== undefined && kind !== 'link') throw await foreign(link);
    await pointLink(link, path);
  }
  const file = selectionFile(spec, name);
  if (file === undefined) return;
  await removePartials(file);
  // another content is the developer's own choice
  if (((await fileSize(file)) ?? 0) === 0) await writeWhole(file, selectionContent(spec, name), 0o644);
}

/** An empty folder that says whose it is, in one step, in place of one of ours. */
async function begin(world: World, { spec }: VirtualenvWish, path: string): Promise<void> {
  if ((await kindOf(path)) !== undefined) {
    if (!(await isVirtualenvOf(world.host, spec.id, path))) throw await foreign(path);
    await discardVirtualenv(path);
  }
  const partial = virtualenvPartial(path);
  await removeWhole(partial);
  await makeFolder(partial);
  await writeWhole(join(partial, ownerFile), markerText(spec.id, world.host.owner), 0o644);
  world.signal.throwIfAborted();
  await moveOver(partial, path);
}

/**
 * True if a virtualenv is that of an environment, by the file that is in it from its first moment. Two state folders
 * may share a pyenv. Older versions wrote no owner: then it must be this user's.
 */
async function isVirtualenvOf({ owner, user }: Host, id: string, path: string): Promise<boolean> {
  const marker = await readMarker(path, ownerFile);
  return marker?.id === id && marker.uid === user.uid && [undefined, owner].includes(marker.owner);
}

/** Removes one of ours: first it gets its partial name, so that a removal that was cut off leaves nothing unclaimed. */
export async function discardVirtualenv(path: string): Promise<void> {
  const partial = virtualenvPartial(path);
  await assertUnmounted(path);
  await removeWhole(partial);
  await moveOver(path, partial);
  await removeWhole(partial);
}

/** Installs only the damaged packages again, so that what the user installed besides stays; false if that fails. */
async function repaired(world: World, wish: VirtualenvMaking, path: string): Promise<boolean> {
  const damaged = await damageOf(path);
  const { install } = await installer(world, wish, path);
  const again = damaged.flatMap((name) => ['--reinstall-package', name]);
  const offline = await succeeds(world, install([...again, '--offline']));
  if (offline && (await damageOf(path)).length === 0) return true;
  const replaced = await succeeds(world, replaceDamaged(world, wish, { path, damaged, install }));
  return replaced && (await damageOf(path)).length === 0;
}

interface Replacement {
  readonly path: string;
  readonly damaged: readonly string[];
  readonly install: (more: readonly string[]) => Promise<unknown>;
}

/**
 * The damage may come from uv's cache, with which the virtualenvs share their files: fetches the packages anew. Gives
 * those whose RECORD is still wrong, which then is the package's own fault.
 */
async function replaceDamaged(
  world: World,
  { name, uv, spec }: VirtualenvMaking,
  { path, damaged, install }: Replacement,
): Promise<string[]> {
  const reason = `The packages of ${name} could not be installed.`;
  const failure = { code: 'BAI-PYTHON-INSTALL' as const, reason };
  await runUv(world, {
    ...{ program: uv.program, index: spec.index, failure },
    args: ['cache', 'clean', ...damaged],
  });
  await install(damaged.flatMap((one) => ['--reinstall-package', one]));
  const left = damagedPackages(path);
  const empty = left.filter((one) => one.empty).map((one) => one.name);
  if (empty.length === 0) return left.map((one) => one.name);
  throw new Failure(failure.code, `${reason} Files without content are in: ${empty.join(', ')}.`, {
    facts: { path, packages: empty },
  });
}

/** Gives the packages whose RECORD is not what they contain. */
async function fill(world: World, wish: VirtualenvMaking, path: string): Promise<string[]> {
  const { uv, spec, name } = wish;
  const { install, stored } = await installer(world, wish, path);
  const failure = {
    code: 'BAI-PYTHON-INSTALL' as const,
    reason: `The packages of ${name} could not be installed.`,
  };
  // without --seed: that would bring today's setuptools, which then counts as satisfying (facts 13.10 T1)
  await runUv(world, {
    ...{ program: uv.program, index: spec.index, failure, onLine: wish.progress },
    args: ['venv', '--quiet', '--allow-existing', '--python', spec.python.path, path],
  });
  wish.progress('installing');
  // what was resolved before is mostly in uv's cache, and then no network is needed
  if (!stored || !(await succeeds(world, install(['--offline'])))) await install([]);
  const damaged = damagedPackages(path).map((one) => one.name);
  return damaged.length === 0 ? [] : replaceDamaged(world, wish, { path, damaged, install });
}

/** How the packages of a virtualenv are installed: by its resolution, which is made first if there is none. */
async function installer(world: World, wish: VirtualenvMaking, path: string) {
  const { spec, name, uv, progress } = wish;
  const { index } = spec;
  const { tree, extras, shares } = member(spec.release.virtualenvs, name, 'virtualenv');
  const policy = spec.release.resolution;
  const trees = [tree, ...shares].map((one) => treePath(spec, one));
  progress('resolving');
  const { file, stored } = await resolution(world, {
    ...{ uv, policy, index, extras, title: name, python: spec.python, onLine: progress },
    tree: trees[0] ?? '',
    shares: trees.slice(1),
  });
  const failure = {
    code: 'BAI-PYTHON-INSTALL' as const,
    reason: `The packages of ${name} could not be installed.`,
  };
  const install = (more: readonly string[]): Promise<unknown> =>
    runUv(world, {
      ...{ program: uv.program, index, failure, onLine: progress },
      args: [
        ...['pip', 'install', '--python', join(path, 'bin/python'), '--no-deps', ...dayArguments(policy)],
        ...['--requirements', file, ...trees.flatMap((one) => ['--editable', one]), ...more],
      ],
    });
  return { install, stored };
}

/** False for a failure that leaves another way. */
async function succeeds(world: World, attempt: Promise<unknown>): Promise<boolean> {
  try {
    await attempt;
    return true;
  } catch (error) {
    world.signal.throwIfAborted();
    if (error instanceof Failure) return false;
    throw error;
  }
}

async function foreign(path: string): Promise<Failure> {
  const isMarked = (await kindOf(join(path, ownerFile))) !== undefined;
  const whose = isMarked
    ? 'is of an environment of another user or another state folder'
    : 'was not made by bai-dev';
  return new Failure('BAI-CONFLICT-OWNER', `${path} exists and ${whose}.`, {
    facts: { path },
    next: isMarked
      ? [{ purpose: 'use another ID', command: 'bai-dev install -e ANOTHER-ID' }]
      : [{ purpose: 'if nobody needs it', command: `pyenv virtualenv-delete ${basename(path)}` }],
  });
}
