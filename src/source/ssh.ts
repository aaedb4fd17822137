// How git calls ssh: so that it asks nobody anything, and ends a connection that fell silent.
import { git } from '../host/git.ts';
import type { World } from '../world.ts';

/** Of what is said twice ssh takes the first: the user's own settings stand above these. */
const options = [
  'BatchMode=yes',
  'ConnectTimeout=15',
  'ServerAliveInterval=10',
  'ServerAliveCountMax=3',
  // a connection that stays for others would be waited for
  'ControlMaster=no',
];

/**
 * Variables with which git calls the user's own ssh, by the user's own words for it where there are any. A program
 * that is not OpenSSH is left as it is: its user knows why.
 */
export async function sshVariables(
  world: World,
  addresses: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  if (addresses.every((address) => /^(https?|file|git):\/\//i.test(address))) return {};
  const { GIT_SSH_COMMAND: said, GIT_SSH: program } = world.host.variables;
  const ask = { folder: '/', args: ['config', '--get', 'core.sshCommand'], allow: [1] };
  // in this order git itself looks
  const command = said || (await git(world, ask)).trim() || program || 'ssh';
  if (!/^([\w./~-]*\/)?ssh(\s|$)/.test(command)) return {};
  return { GIT_SSH_COMMAND: [command, ...options.map((option) => `-o ${option}`)].join(' ') };
}
