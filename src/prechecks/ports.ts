// Which ports the environment gets: those that were asked for, upstream's own, or a leased block.
import { choosePorts, type TakenPort } from '../environment/leases.ts';
import { blockSize, type Ports } from '../environment/ports.ts';
import { listIds, readRecord } from '../environment/store.ts';
import { Failure } from '../failure.ts';
import type { Finding } from '../report/events.ts';
import type { World } from '../world.ts';
import type { Checked, Draft } from './draft.ts';

export interface PortFacts {
  readonly base: number;
  readonly ports: Ports;
}

/** An existing environment keeps its ports, unless it is to change from its `own`. Throws `BAI-USAGE` for a wish that no machine could grant. */
export async function checkPorts(
  world: World,
  draft: Pick<Draft, 'id' | 'ports' | 'record'> & { readonly own?: PortFacts },
): Promise<Checked<PortFacts>> {
  if (draft.record !== undefined) {
    const { portBase: base, ports } = draft.record.spec;
    return { findings: [fine(base, ports)], facts: { base, ports } };
  }
  // one that cannot be read is told where it is named; its ports show as taken while it runs
  const ids = await listIds(world.host);
  const records = await Promise.all(ids.map((id) => readRecord(world.host, id).catch(() => undefined)));
  const others = records.filter((record) => record !== undefined);
  try {
    const { id, ports: wish, own } = draft;
    const choice = await choosePorts(world, { id, wish, records: others, ...(own && { own }) });
    if (choice.blocked.length > 0) {
      return { findings: choice.blocked.map((port) => blocker(draft.id, port, world.now())) };
    }
    const findings = [
      ...(choice.passed === undefined ? [] : [passedOver(choice.passed, choice.base, world.now())]),
      fine(choice.base, choice.ports),
    ];
    return { findings, facts: { base: choice.base, ports: choice.ports } };
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'BAI-PRECHECK') throw error;
    const next = error.more.next ?? [];
    return {
      findings: [
        { id: 'ports.none', severity: 'blocker', title: 'No ports are left', reason: error.message, next },
      ],
    };
  }
}

function fine(base: number, ports: Ports): Finding {
  const title =
    base === 0
      ? `Ports as usual: manager ${ports.manager}, webserver ${ports.webserver}`
      : `Ports ${base} to ${base + blockSize - 1}`;
  return { id: 'ports.ok', severity: 'ok', title };
}

function passedOver(taken: TakenPort, base: number, now: Date): Finding {
  return {
    id: 'ports.leased',
    severity: 'note',
    title: `Port ${taken.port} is taken, so the ports are ${base} to ${base + blockSize - 1}`,
    reason: by(taken, now),
  };
}

function blocker(id: string, taken: TakenPort, now: Date): Finding {
  const flag = taken.flag ?? taken.name;
  const pid = taken.holder?.pid;
  return {
    id: 'ports.taken',
    severity: 'blocker',
    title: flag === '--ports' ? `${flag}: ${taken.port} is taken` : `${flag} ${taken.port} is taken`,
    reason: by(taken, now),
    next: [
      ...(pid === undefined ? [] : [{ purpose: 'look at what holds it', command: `ps -fp ${pid}` }]),
      {
        purpose: `leave the choice to bai-dev, without ${flag}`,
        command: `bai-dev install -e ${id}`,
        without: [flag.replace(/^--/, '')],
      },
    ],
  };
}

function by({ environment, holder }: TakenPort, now: Date): string {
  if (environment !== undefined) return `It belongs to the environment ${environment}.`;
  if (holder === undefined) return 'Something holds it that cannot be seen from here.';
  const { pid, command, user, since } = holder;
  if (pid === undefined) return `A process of ${user ?? 'another user'} holds it.`;
  const name = command?.split(' ')[0]?.split('/').at(-1) ?? 'A process';
  const age = since === undefined ? '' : `, ${ago(new Date(since), now)}`;
  return `${name} (pid ${pid}) holds it, started by ${user ?? 'another user'}${age}.`;
}

function ago(then: Date, now: Date): string {
  const minutes = Math.max(0, Math.round((now.getTime() - then.getTime()) / 60_000));
  for (const [unit, size] of [
    ['day', 1440],
    ['hour', 60],
    ['minute', 1],
  ] as const) {
    const count = Math.floor(minutes / size);
    if (count > 0) return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  }
  return 'just now';
}
