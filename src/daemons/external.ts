// Daemons that bai-dev did not start: by hand, as the guide of 2021 teaches, from the component's folder and virtualenv.
import type { EnvironmentRecord } from '../environment/record.ts';
import { allProcesses } from '../host/family.ts';
import type { Living } from '../host/living.ts';
import type { World } from '../world.ts';
import { daemonsOf, type Daemon } from './daemon.ts';
import { guestsOf } from './guests.ts';

export interface ExternalDaemon {
  /** The daemon that it is: `manager`. */
  readonly name: string;
  /** The process that was started; its workers descend from it. */
  readonly pid: number;
  readonly command: string;
}

/** Those that run out of the environment's virtualenvs, each by its main process. Looks at all processes. */
export async function externalDaemons(
  world: World,
  record: EnvironmentRecord,
): Promise<readonly ExternalDaemon[]> {
  const guests = await guestsOf(world, record);
  if (guests.length === 0) return [];
  const daemons = daemonsOf(world.host, record.spec);
  const parents = new Map((await allProcesses()).map(({ pid, parent }) => [pid, parent]));
  return daemons.flatMap((daemon) => {
    const running = guests.filter((guest) => isDaemon(guest, daemon, daemons));
    const pids = new Set(running.map(({ pid }) => pid));
    return running
      .filter(({ pid }) => !pids.has(parents.get(pid) ?? 0))
      .map(({ pid, command }) => ({ name: daemon.name, pid, command }));
  });
}

/** By its module, or by the title that upstream's daemons give themselves: `backend.ai: manager main`. */
function isDaemon({ command }: Living, daemon: Daemon, all: readonly Daemon[]): boolean {
  const title = /^backend\.ai: ([\w-]+)/.exec(command)?.[1];
  if (title !== undefined) return title === daemon.name;
  const [, module = '', first] = daemon.args;
  const words = command.split(/\s+/);
  const at = words.findIndex((word, index) => word === '-m' && words[index + 1] === module);
  if (at === -1) return false;
  // where several daemons are one module, its first argument tells them apart
  const isShared = all.some((other) => other !== daemon && other.args[1] === module);
  return !isShared || words[at + 2] === first;
}
