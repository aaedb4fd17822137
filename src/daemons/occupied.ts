// Who stands in a daemon's way: a stranger on one of its ports.
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import { isTaken, portHolder, type PortHolder } from '../host/net.ts';
import type { Daemon } from './daemon.ts';

/**
 * Throws `BAI-OCCUPIED` naming the first port of a daemon that another process holds. To be asked only when
 * nothing of the daemon runs: several of them listen so that a second one shares the port unseen (facts 6.2).
 * `then` is the command that goes on; false where the caller knows it.
 */
export async function assertPortsFree(
  id: string,
  { name, ports, then = `bai-dev start ${id}` }: Pick<Daemon, 'name' | 'ports'> & { then?: string | false },
): Promise<void> {
  for (const port of ports) {
    const holder = await lastingHolder(port);
    if (holder === undefined) continue;
    const { pid, command, user, since } = holder;
    const who =
      command === undefined
        ? `a process of ${user ?? 'an unknown user'}`
        : `${command.split(' ').slice(0, 4).join(' ')} (pid ${pid ?? '?'}, user ${user ?? '?'}${since === undefined ? '' : `, since ${since}`})`;
    throw new Failure('BAI-OCCUPIED', `Port ${port}, which ${name} of ${id} needs, is held by ${who}.`, {
      facts: { daemon: name, port, ...holder },
      next: [
        pid === undefined
          ? { purpose: 'see who it is', command: `sudo ss -ltnp 'sport = :${port}'` }
          : { purpose: 'end it, if you can do without it', command: `kill ${pid}` },
        ...(then === false ? [] : [{ purpose: 'then', command: then }]),
      ],
    });
  }
}

/** How long a process that is just ending may still hold a port, in milliseconds. */
const ending = 2000;

/**
 * Who holds a port and goes on holding it; undefined if it is free. A process that is just ending has no command
 * line any more, but its sockets for a moment longer: whoever cannot be named is looked at again for a while.
 */
async function lastingHolder(port: number): Promise<Partial<PortHolder> | undefined> {
  for (const until = performance.now() + ending; ;) {
    if (!(await isTaken(port))) return undefined;
    const holder = await portHolder(port);
    if (holder?.command !== undefined || performance.now() > until) return holder ?? {};
    await sleep(50);
  }
}
