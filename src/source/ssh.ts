// How git calls ssh: so that it asks nobody anything, and ends a connection that fell silent.
import type { Setting } from '../host/git.ts';
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

export interface SshCall {
  readonly addresses: readonly string[];
  /** The settings about reaching repositories. */
  readonly reach: readonly Setting[];
}

/**
 * Variables with which git calls the user's own ssh, by the user's own command for it where there is one. A program
 * that is not OpenSSH is left as it is: its user knows why.
 */
export function sshVariables(world: World, { addresses, reach }: SshCall): Readonly<Record<string, string>> {
  if (addresses.every((address) => /^(https?|file|git):\/\//i.test(address))) return {};
  const { GIT_SSH_COMMAND: said, GIT_SSH: program } = world.host.variables;
  const setting = reach.findLast(([key]) => key === 'core.sshcommand')?.[1].trim();
  // in this order git itself looks
  const command = said || setting || program || 'ssh';
  if (!/^([\w./~-]*\/)?ssh(\s|$)/.test(command)) return {};
  return { GIT_SSH_COMMAND: [command, ...options.map((option) => `-o ${option}`)].join(' ') };
}
