// Processes of an environment that bai-dev did not start: a daemon by hand, a test run, a Python shell.
import { virtualenvPath } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { runningFrom, type Living } from '../host/living.ts';
import { virtualenvLink } from '../python/virtualenv.ts';
import type { World } from '../world.ts';
import { daemonsOf } from './daemon.ts';
import { runningDaemons } from './running.ts';

/**
 * What runs a program of the environment's virtualenvs, but for its daemons and what these started. That a process
 * stands in its folders proves nothing: a shell or an editor does as well.
 */
export async function guestsOf(world: World, record: EnvironmentRecord): Promise<Living[]> {
  const { spec } = record;
  // pyenv runs their programs by way of its links
  const folders = Object.keys(spec.release.virtualenvs).flatMap((name) => [
    virtualenvPath(spec, name),
    ...[virtualenvLink(spec, name)].filter((link) => link !== undefined),
  ]);
  const [found, daemons] = await Promise.all([
    runningFrom(folders),
    runningDaemons(
      world.host,
      record,
      daemonsOf(world.host, spec).map(({ name }) => name),
    ),
  ]);
  const known = new Set([...daemons.values()].flatMap(({ family }) => family.map(({ pid }) => pid)));
  return found.filter(({ pid }) => !known.has(pid));
}
