// Finds a Python of a wanted version: pyenv's newest patch release, else one in the PATH; proven by running it.
import { join } from 'node:path';
import * as z from 'zod';
import { pyenvRoot } from '../environment/names.ts';
import { Failure } from '../failure.ts';
import { execute } from '../host/exec.ts';
import { isWritable, kindOf, listFolder } from '../host/files.ts';
import type { Host, World } from '../world.ts';

export interface Interpreter {
  readonly version: string;
  readonly path: string;
  readonly from: 'pyenv' | 'PATH';
  /** The root of the pyenv whose virtualenvs may be put beside it; only where that can be written. */
  readonly pyenv?: string;
  /** Modules that a release needs and that this build does not have. */
  readonly missing: readonly string[];
}

/** What every release needs of a build: a Python compiled without a library's headers silently lacks them. */
export const neededModules = ['ssl', 'lzma', 'ctypes', 'sqlite3'] as const;

/** Why pyenv's folder cannot be looked into; undefined where it can, or is not there. */
export async function pyenvTrouble(host: Host): Promise<string | undefined> {
  return listFolder(join(pyenvRoot(host), 'versions')).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof Failure) return error.message;
      throw error;
    },
  );
}

/**
 * All interpreters of a version (`3.9`, or exactly `3.9.18`), the best first: complete ones before incomplete,
 * pyenv's before the PATH's, newer before older.
 */
export async function findInterpreters(world: World, wish: string): Promise<readonly Interpreter[]> {
  const { host } = world;
  const root = pyenvRoot(host);
  const pyenv = (await isWritable(join(root, 'versions'))) ? root : undefined;
  const inPyenv = (await versionsIn(root))
    .filter((version) => fits(version, wish))
    .map((version) => join(root, 'versions', version, 'bin', `python${minorOf(version)}`));
  const inPath = foldersOf(host)
    // a shim only passes the question on, and its answer depends on the folder it is asked in
    .filter((folder) => folder !== join(root, 'shims'))
    .flatMap((folder) => [join(folder, `python${minorOf(wish)}`), join(folder, 'python3')]);
  const answers = await Promise.all(
    [...inPyenv, ...inPath].map(async (path) => {
      const found = await probe(world, path);
      if (found === undefined || !fits(found.version, wish)) return [];
      const mine = found.path.startsWith(`${join(root, 'versions')}/`);
      return [
        {
          ...found,
          from: mine ? ('pyenv' as const) : ('PATH' as const),
          ...(mine && pyenv !== undefined ? { pyenv } : {}),
        },
      ];
    }),
  );
  const all = new Map<string, Interpreter>();
  for (const found of answers.flat()) if (!all.has(found.path)) all.set(found.path, found);
  const complete = [...all.values()].filter(({ missing }) => missing.length === 0);
  return [...complete, ...[...all.values()].filter(({ missing }) => missing.length > 0)];
}

/** True if a full version is what a wish of two or three parts means. */
export function fits(version: string, wish: string): boolean {
  return version === wish || version.startsWith(`${wish}.`);
}

const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/** Plain versions of CPython in pyenv, newest first; names of virtualenvs are none. */
async function versionsIn(root: string): Promise<string[]> {
  // one that cannot be looked into holds none for us; `pyenvTrouble` tells of it
  const names = await listFolder(join(root, 'versions')).catch(() => []);
  const patch = (version: string): number => Number(version.split('.')[2]);
  return names.filter((name) => /^3\.\d+\.\d+$/.test(name)).sort((a, b) => patch(b) - patch(a));
}

function foldersOf(host: Host): string[] {
  const folders = (host.variables['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  return [...new Set(folders)];
}

const answerSchema = z.object({
  version: z.string(),
  path: z.string().startsWith('/'),
  implementation: z.string(),
  missing: z.array(z.string()),
});

/** In isolated mode, so that neither variables nor the folder change what is seen. */
const question = `
import importlib, json, platform, sys
missing = []
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError:
        missing.append(name)
print(json.dumps({
    "version": platform.python_version(),
    "path": getattr(sys, "_base_executable", None) or sys.executable,
    "implementation": platform.python_implementation(),
    "missing": missing,
}))
`;

async function probe(world: World, path: string): Promise<Omit<Interpreter, 'from'> | undefined> {
  // one that this user may not even look at is none
  if ((await kindOf(path).catch(() => undefined)) === undefined) return undefined;
  try {
    const { stdout } = await execute(world, {
      file: path,
      args: ['-I', '-B', '-c', question, ...neededModules],
      cwd: '/',
      limit: 20,
      quiet: true,
    });
    const answer = answerSchema.parse(JSON.parse(stdout));
    if (answer.implementation !== 'CPython') return undefined;
    return { version: answer.version, path: answer.path, missing: answer.missing };
  } catch (error) {
    world.signal.throwIfAborted();
    // whatever does not answer is no interpreter for us
    if (error instanceof Failure || error instanceof SyntaxError || error instanceof z.ZodError)
      return undefined;
    throw error;
  }
}
