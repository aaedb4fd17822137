// A component's virtualenv: where it lies, whether it is whole, and making it out of a resolution.
import { basename, dirname, join } from 'node:path';
import { member, ownerFile, treePath, virtualenvName, virtualenvPath } from '../environment/names.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import { Failure } from '../failure.ts';
import {
  kindOf,
  makeFolder,
  moveOver,
  readText,
  removePartials,
  removeWhole,
  writeWhole,
} from '../host/files.ts';
import { linkTarget, pointLink } from '../host/links.ts';
import type { World } from '../world.ts';
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
    (file === undefined || (await kindOf(file)) === 'file')
  );
}

async function isWhole({ spec, name, asked }: VirtualenvWish): Promise<boolean> {
  const path = virtualenvPath(spec, name);
  if ((await readText(join(path, wholeFile)))?.trim() !== asked) return false;
  return (await kindOf(join(path, 'bin/python'))) !== undefined;
}

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
    await begin(world, wish, path);
    await fill(world, wish, path);
    await writeWhole(join(path, wholeFile), `${wish.asked}\n`, 0o644);
  }
  const link = virtualenvLink(spec, name);
  if (link !== undefined && (await linkTarget(link)) !== path) {
    const kind = await kindOf(link);
    if (kind !== undefined && kind !== 'link') throw foreign(link);
    await pointLink(link, path);
  }
  const file = selectionFile(spec, name);
  if (file === undefined) return;
  await removePartials(file);
  // another content is the developer's own choice
  if ((await kindOf(file)) === undefined) await writeWhole(file, selectionContent(spec, name), 0o644);
}

/** An empty folder that says whose it is, in one step, in place of one of ours. */
async function begin(world: World, { spec }: VirtualenvWish, path: string): Promise<void> {
  if ((await kindOf(path)) !== undefined) {
    if ((await readText(join(path, ownerFile)))?.trim() !== spec.id) throw foreign(path);
    await discardVirtualenv(path);
  }
  const partial = virtualenvPartial(path);
  await removeWhole(partial);
  await makeFolder(partial);
  await writeWhole(join(partial, ownerFile), `${spec.id}\n`, 0o644);
  world.signal.throwIfAborted();
  await moveOver(partial, path);
}

/** Removes one of ours: first it gets its partial name, so that a removal that was cut off leaves nothing unclaimed. */
export async function discardVirtualenv(path: string): Promise<void> {
  const partial = virtualenvPartial(path);
  await removeWhole(partial);
  await moveOver(path, partial);
  await removeWhole(partial);
}

async function fill(world: World, wish: VirtualenvMaking, path: string): Promise<void> {
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
  const run = (args: readonly string[]): Promise<unknown> =>
    runUv(world, { program: uv.program, index, args, failure, onLine: progress });
  // without --seed: that would bring today's setuptools, which then counts as satisfying (facts 13.10 T1)
  await run(['venv', '--quiet', '--allow-existing', '--python', spec.python.path, path]);
  const install = [
    ...['pip', 'install', '--python', join(path, 'bin/python'), '--no-deps', ...dayArguments(policy)],
    ...['--requirements', file, ...trees.flatMap((one) => ['--editable', one])],
  ];
  progress('installing');
  if (stored && (await run([...install, '--offline']).then(() => true, isNoInstall(world)))) return;
  await run(install);
}

/** What was resolved before is mostly in uv's cache, and then no network is needed; else we go there. */
function isNoInstall(world: World): (error: unknown) => false {
  return (error) => {
    world.signal.throwIfAborted();
    if (error instanceof Failure) return false;
    throw error;
  };
}

function foreign(path: string): Failure {
  return new Failure('BAI-CONFLICT-OWNER', `${path} exists and was not made by bai-dev.`, {
    facts: { path },
    next: [{ purpose: 'if nobody needs it', command: `pyenv virtualenv-delete ${basename(path)}` }],
  });
}
