// Who stands in a daemon's way: a stranger on one of its ports.
import { setTimeout as sleep } from 'node:timers/promises';
import { defined } from '../defined.ts';
import { freeBlock } from '../environment/leases.ts';
import { listIds, readRecord } from '../environment/store.ts';
import { Failure, type NextCommand } from '../failure.ts';
import { topmostOf } from '../host/family.ts';
import { isTaken, portHolder, type PortHolder } from '../host/net.ts';
import { processFacts } from '../host/proc.ts';
import type { World } from '../world.ts';
import type { Daemon } from './daemon.ts';

/** A daemon or server with the ports that it needs. */
type Wanting = Pick<Daemon, 'name' | 'ports'>;

export interface PortQuestion {
  /** The command that goes on; false where the caller knows it. */
  readonly then?: string | false;
  /** Processes that run out of the environment's virtualenvs: of a worker among them, its main process is named. */
  readonly members?: () => Promise<readonly { readonly pid: number }[]>;
  /** The name of a container that publishes a port, where the holder's process only stands for it. */
  readonly publisher?: (port: number) => Promise<string | undefined>;
}

export interface For {
  readonly world: World;
  /** The environment that needs them. */
  readonly id: string;
}

/**
 * Throws `BAI-OCCUPIED` naming all ports of these daemons that other processes hold. To be asked only when nothing of
 * the daemons runs: several of them listen so that a second one shares the port unseen (facts 6.2).
 */
export async function assertPortsFree(
  { world, id }: For,
  wanting: Wanting | readonly Wanting[],
  question: PortQuestion = {},
): Promise<void> {
  const { members = () => Promise.resolve([]) } = question;
  const taken: Taken[] = [];
  for (const { name, ports } of [wanting].flat()) {
    for (const port of ports) {
      const holder = await lastingHolder(port);
      if (holder !== undefined) taken.push({ name, port, ...(await mainOf(holder, members)) });
    }
  }
  if (taken.length > 0) throw await portsHeld({ world, id }, taken, question);
}

/** The failure of ports that others hold, as far as it can be told who, with how to move the environment. */
export async function portsHeld(
  { world, id }: For,
  held: readonly Taken[],
  { then = `bai-dev start ${id}`, publisher }: PortQuestion = {},
): Promise<Failure> {
  const taken = await Promise.all(
    held.map(async (one) => {
      const container = await publisher?.(one.port).catch(() => undefined);
      return { ...one, ...defined({ container }) };
    }),
  );
  const reasons = taken.map(
    ({ name, port, container, ...holder }) =>
      `Port ${port}, which ${name} of ${id} needs, is held by ${container === undefined ? holderWords(holder) : `the container ${container}`}.`,
  );
  const containers = [...new Set(taken.flatMap(({ container }) => container ?? []))];
  const processes = taken.filter(({ container }) => container === undefined);
  const pids = [...new Set(processes.flatMap(({ pid }) => pid ?? []))];
  const unknown = processes.find(({ pid }) => pid === undefined);
  const [first] = taken;
  const { name, ...facts } = first ?? { name: '' };
  const end = (command: string): NextCommand => ({ purpose: 'end it, if you can do without it', command });
  return new Failure('BAI-OCCUPIED', reasons.join(' '), {
    facts: { daemon: name, ...facts, ...(taken.length > 1 && { ports: taken }) },
    next: [
      ...(containers.length === 0 ? [] : [end(`docker stop ${containers.join(' ')}`)]),
      ...(pids.length === 0 ? [] : [end(`kill ${pids.join(' ')}`)]),
      ...(unknown === undefined
        ? []
        : [{ purpose: 'see who it is', command: `sudo ss -ltnp 'sport = :${unknown.port}'` }]),
      ...(then === false ? [] : [{ purpose: 'then', command: then }]),
      ...(await moving(world, id)),
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

/** The command that gives an environment other ports. */
async function moving({ host }: World, id: string): Promise<NextCommand[]> {
  const ids = await listIds(host).catch(() => []);
  const records = await Promise.all(ids.map((one) => readRecord(host, one).catch(() => undefined)));
  const base = await freeBlock({ id, records: records.filter((record) => record !== undefined) });
  if (base === undefined) return [];
  const command = `bai-dev install -e ${id} --change --ports ${base}`;
  return [{ purpose: `or move ${id} to other ports`, command }];
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
