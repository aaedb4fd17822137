// How the user has to call bai-dev from where they stand.
import { sep } from 'node:path';
import { nearestWith, programsNamed, realPath } from '../host/path.ts';
import { quoted } from '../quoted.ts';
import type { Input } from './input.ts';

type Caller = Pick<Input, 'program' | 'variables' | 'cwd' | 'assets'>;

/**
 * `bai-dev` where PATH leads to this very program, `npx bai-dev` inside its own folder or when npx fetched it, else the
 * program's path. Never fails: without an answer it is `bai-dev`.
 */
export async function invocationOf(caller: Caller): Promise<string> {
  const { program, assets } = caller;
  const script = program === undefined ? undefined : await realPath(program);
  if (program === undefined || script === undefined) return 'bai-dev';
  if ((await firstInPath(caller)) === script) return 'bai-dev';
  if (script.includes(`${sep}_npx${sep}`)) return 'npx bai-dev';
  // npx runs the program of the nearest package
  const [here, own] = [await nearestWith(caller.cwd, 'package.json'), await realPath(assets)];
  const isHere = here !== undefined && (await realPath(here)) === own;
  return isHere ? 'npx bai-dev' : quoted(script);
}

/** What a shell would run. npm puts folders into PATH that its user's shell does not have. */
async function firstInPath({ variables }: Caller): Promise<string | undefined> {
  const folders = (variables['PATH'] ?? '').split(':');
  const PATH = folders.filter((folder) => !/node_modules\/\.bin\/?$|node-gyp-bin\/?$/.test(folder)).join(':');
  const [first] = await programsNamed({ variables: { PATH } }, 'bai-dev');
  return first === undefined ? undefined : realPath(first);
}
