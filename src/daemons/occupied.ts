// Who stands in a daemon's way: a stranger on one of its ports.
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import { topmostOf } from '../host/family.ts';
import { isTaken, portHolder, type PortHolder } from '../host/net.ts';
import { processFacts } from '../host/proc.ts';
import type { Daemon } from './daemon.ts';

/** A daemon or server with the ports that it needs. */
type Wanting = Pick<Daemon, 'name' | 'ports'>;

interface Answering {
  /** The command that goes on; false where the caller knows it. */
  readonly then?: string | false;
  /** Processes that run out of the environment's virtualenvs: of a worker among them, its main process is named. */
  readonly members?: () => Promise<readonly { readonly pid: number }[]>;
}

/**
 * Throws `BAI-OCCUPIED` naming all ports of these daemons that other processes hold. To be asked only when nothing of
 * the daemons runs: several of them listen so that a second one shares the port unseen (facts 6.2).
 */
export async function assertPortsFree(
  id: string,
  wanting: Wanting | readonly Wanting[],
  { then = `bai-dev start ${id}`, members = () => Promise.resolve([]) }: Answering = {},
): Promise<void> {
  const taken: Taken[] = [];
  for (const { name, ports } of [wanting].flat()) {
    for (const port of ports) {
      const holder = await lastingHolder(port);
      if (holder !== undefined) taken.push({ name, port, ...(await mainOf(holder, members)) });
    }
  }
  const [first] = taken;
  if (first === undefined) return;
  const reasons = taken.map(
    ({ name, port, ...holder }) =>
      `Port ${port}, which ${name} of ${id} needs, is held by ${holderWords(holder)}.`,
  );
  const pids = [...new Set(taken.flatMap(({ pid }) => (pid === undefined ? [] : [pid])))];
  const unknown = taken.find(({ pid }) => pid === undefined);
  const { name, ...facts } = first;
  throw new Failure('BAI-OCCUPIED', reasons.join(' '), {
    facts: { daemon: name, ...facts, ...(taken.length > 1 && { ports: taken }) },
    next: [
      ...(pids.length === 0
        ? []
        : [{ purpose: 'end it, if you can do without it', command: `kill ${pids.join(' ')}` }]),
      ...(unknown === undefined
        ? []
        : [{ purpose: 'see who it is', command: `sudo ss -ltnp 'sport = :${unknown.port}'` }]),
      ...(then === false ? [] : [{ purpose: 'then', command: then }]),
    ],
  });
}

type Taken = Partial<PortHolder> & { readonly name: string; readonly port: number };

function holderWords({ pid, command, user, since }: Partial<PortHolder>): string {
  if (command === undefined) return `a process of ${user ?? 'an unknown user'}`;
  const began = since === undefined ? '' : `, since ${since}`;
  return `${command.split(' ').slice(0, 4).join(' ')} (pid ${pid ?? '?'}, user ${user ?? '?'}${began})`;
}

/** Ending a worker helps nobody: what started it would start another. */
async function mainOf(
  holder: Partial<PortHolder>,
  members: () => Promise<readonly { readonly pid: number }[]>,
): Promise<Partial<PortHolder>> {
  const { pid } = holder;
  if (pid === undefined) return holder;
  const main = await topmostOf(pid, new Set((await members()).map((one) => one.pid)));
  return main === pid ? holder : ((await processFacts(main)) ?? holder);
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
