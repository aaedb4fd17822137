// How a repository is read: by plumbing commands that run no program and write nothing.
import { git, type Setting } from '../host/git.ts';
import type { World } from '../world.ts';

/** Runs git in a folder and gives what it printed; exit code 1 of a question is an answer. */
export type Asker = (...args: string[]) => Promise<string>;

/** A repository that is looked at. */
export interface Look {
  readonly world: World;
  /** The working copy, or a repository without one. */
  readonly folder: string;
  /** False for the repository of a submodule that is not checked out. */
  readonly hasFiles: boolean;
  readonly ask: Asker;
  /** The same with something on git's standard input. */
  readonly feed: (input: string, ...args: string[]) => Promise<string>;
}

/** `variables`: GIT_DIR and the like, for a repository that its folder does not lead to. */
export function lookAt(world: World, folder: string, variables: Readonly<Record<string, string>> = {}): Look {
  const call = { folder, allow: [1], variables };
  return {
    world,
    folder,
    hasFiles: !Object.hasOwn(variables, 'GIT_DIR'),
    ask: (...args) => git(world, { ...call, args }),
    feed: (input, ...args) => git(world, { ...call, args, input }),
  };
}

/** The parts of an output whose parts end with NUL. */
export const parts = (text: string): string[] => text.split('\0').filter((part) => part !== '');

/** The lines of an output. */
export const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** An object's name; empty if the reference leads to none. */
export const resolveRef = async ({ ask }: Pick<Look, 'ask'>, name: string): Promise<string> =>
  (await ask('rev-parse', '--quiet', '--verify', name)).trim();

export interface StoredObject {
  readonly type: string;
  readonly size: number;
}

/** All objects that a repository holds, by name. Asked one by one, a partial clone would fetch those that it lacks. */
export async function objectsIn({ ask }: Look): Promise<Map<string, StoredObject>> {
  const listed = await ask('cat-file', '--batch-all-objects', '--unordered', '--batch-check');
  return new Map(
    lines(listed).map((line) => {
      const [hash = '', type = '', size = ''] = line.split(' ');
      return [hash, { type, size: Number(size) }];
    }),
  );
}

export interface ConfigEntry {
  readonly key: string;
  readonly value: string;
}

/** The entries of a repository's own configuration, without what it includes. */
export async function ownConfig({ ask }: Look): Promise<ConfigEntry[]> {
  const entries = parts(await ask('config', '--local', '--list', '--null')).map(configEntry);
  const perWorktree = entries.some(
    ({ key, value }) => key === 'extensions.worktreeconfig' && value !== 'false',
  );
  if (!perWorktree) return entries;
  return [...entries, ...parts(await ask('config', '--worktree', '--list', '--null')).map(configEntry)];
}

function configEntry(part: string): ConfigEntry {
  const end = part.indexOf('\n');
  return end < 0 ? { key: part, value: 'true' } : { key: part.slice(0, end), value: part.slice(end + 1) };
}

/** The user's own value of a setting that says how files are written, not a program. */
export async function userSetting({ world, folder }: Look, key: string): Promise<Setting[]> {
  const args = ['config', '--get', key];
  const value = (await git(world, { folder, args, allow: [1], configured: true })).trim();
  return value === '' ? [] : [[key, value]];
}
