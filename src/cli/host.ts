// What is known of machine and user when the program starts.
import { isAbsolute, join } from 'node:path';
import { Failure } from '../failure.ts';
import { ownerOf } from '../host/identity.ts';
import type { Host } from '../world.ts';
import type { Input } from './input.ts';

/**
 * Our folders follow the XDG base directory specification, which says that a relative path is to be ignored.
 * Without an absolute HOME there is no place for anything: `BAI-CONFIG`.
 */
export function hostOf(input: Input): Host {
  const home = input.variables['HOME'];
  if (home === undefined || !isAbsolute(home)) {
    const how = home === undefined || home === '' ? 'not set' : `${JSON.stringify(home)}, no absolute path`;
    throw new Failure('BAI-CONFIG', `HOME is ${how}, so there is no place to keep anything.`, {
      next: [{ purpose: 'set it', command: 'export HOME=/home/you' }],
    });
  }
  const folder = (variable: string, otherwise: string): string => {
    const said = input.variables[variable];
    return join(said !== undefined && isAbsolute(said) ? said : join(home, otherwise), 'bai-dev');
  };
  const { platform, architecture, variables, cwd, user, cpus, assets, version } = input;
  const state = folder('XDG_STATE_HOME', '.local/state');
  return {
    ...{ platform, architecture, variables, home, cwd, user, cpus, assets, version },
    owner: ownerOf(user.uid, state),
    folders: {
      state,
      cache: folder('XDG_CACHE_HOME', '.cache'),
      config: folder('XDG_CONFIG_HOME', '.config'),
    },
  };
}
