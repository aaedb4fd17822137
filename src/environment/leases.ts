// Which ports a new environment gets: upstream's own numbers if it can have them all, else a block of its own.
import { Failure } from '../failure.ts';
import { isTaken, listeners, portHolder, type PortHolder } from '../host/net.ts';
import type { World } from '../world.ts';
import { othersLeases } from './publicleases.ts';
import {
  blockBases,
  blockPorts,
  blockSize,
  portFlags,
  singlePorts,
  upstreamPorts,
  type PortName,
  type Ports,
} from './ports.ts';
import type { EnvironmentRecord } from './record.ts';

export interface PortRequest {
  readonly id: string;
  /** What was asked for by flags; everything else is left to us. */
  readonly wish: { readonly base?: number; readonly single: Readonly<Partial<Record<PortName, number>>> };
  /** Of all environments; that of this ID is no obstacle. */
  readonly records: readonly Pick<EnvironmentRecord, 'spec'>[];
  /** Of an environment that is there: what is not named stays, and what it holds itself is no obstacle. */
  readonly own?: { readonly base: number; readonly ports: Ports };
  /** Ports that are spoken for without a socket that listens, e.g. Docker's without its proxy. */
  readonly published?: readonly number[];
}

/** A port that cannot be had, and who has it. */
export interface TakenPort {
  readonly name: PortName;
  readonly port: number;
  /** The flag that asked for it. */
  readonly flag?: string;
  /** The environment that leased it, running or not. */
  readonly environment?: string;
  readonly holder?: PortHolder;
}

export interface PortChoice {
  /** Base of the block; 0 for upstream's numbers. */
  readonly base: number;
  readonly ports: Ports;
  /** Ports that were asked for and cannot be had: with any of these the choice is no good. */
  readonly blocked: readonly TakenPort[];
  /** A port because of which upstream's numbers were passed over, if they were. */
  readonly passed?: TakenPort;
}

/**
 * Chooses all ports of an environment and proves them free; leases nothing. Whoever goes on to write the record
 * holds the lock of the leases meanwhile. Throws `BAI-USAGE` for a wish that no machine could grant.
 */
export async function choosePorts(world: World, request: PortRequest): Promise<PortChoice> {
  const { wish } = request;
  assertPossible(world, wish);
  const busy = await busyOf(request);
  if (request.own !== undefined) return changedPorts(request.own, wish, busy);
  if (wish.base !== undefined) {
    const ports = { ...blockPorts(wish.base), ...wish.single };
    return { base: wish.base, ports, blocked: await obstacles(ports, busy, wish) };
  }
  // what is left to us keeps clear of other state folders' environments as well, whether they run or not
  const others = (await othersLeases(world.host)).map(({ id, ports }) => ({
    ...{ ports, id: `${id} of another user or state folder` },
  }));
  const wide = { ...busy, environments: [...busy.environments, ...others] };
  const asked = await obstacles(wish.single, busy, wish);
  if (asked.length > 0) return { base: 0, ports: { ...upstreamPorts, ...wish.single }, blocked: asked };

  const own = await upstream(wish.single, wide);
  const [first] = await takenOf(unnamed(own, wish), wide);
  if (first === undefined && !isSelfish(own)) return { base: 0, ports: own, blocked: [] };
  const passed = first && (await told(first, wide, wish));
  for (const base of blockBases) {
    const ports = { ...blockPorts(base), ...wish.single };
    if (isSelfish(ports) || (await takenOf(unnamed(ports, wish), wide)).length > 0) continue;
    return { base, ports, blocked: [], ...(passed === undefined ? {} : { passed }) };
  }
  throw new Failure('BAI-PRECHECK', 'None of the blocks of ports from 10000 to 29999 is free.', {
    next: [{ purpose: 'name one', command: `bai-dev install -e ${request.id} --ports BASE` }],
  });
}

/** Ports that were not asked for by name. */
const unnamed = (ports: Ports, { single }: PortRequest['wish']): Partial<Ports> =>
  Object.fromEntries(Object.entries(ports).filter(([name]) => single[name as PortName] === undefined));

/** The base of a block that is free now; undefined if none is. Leases nothing. */
export async function freeBlock(request: Pick<PortRequest, 'id' | 'records'>): Promise<number | undefined> {
  const busy = await busyOf({ ...request, wish: { single: {} } });
  for (const base of blockBases) if ((await takenOf(blockPorts(base), busy)).length === 0) return base;
  return undefined;
}

async function changedPorts(
  own: NonNullable<PortRequest['own']>,
  wish: PortRequest['wish'],
  busy: Busy,
): Promise<PortChoice> {
  const moves = wish.base !== undefined && wish.base !== own.base;
  const base = moves ? wish.base : own.base;
  const ports = { ...(moves ? blockPorts(base) : own.ports), ...wish.single };
  if (isSelfish(ports)) {
    throw new Failure('BAI-USAGE', 'A port that was named is that of another server of the environment.');
  }
  const held = new Set(singlePorts(own.ports).map(([, port]) => port));
  const fresh = Object.entries(ports).filter(([name, port]) =>
    isRange(name) ? port !== own.ports[name as PortName] : !held.has(port),
  );
  const foreign = { ...busy, listening: new Set([...busy.listening].filter((port) => !held.has(port))) };
  return { base, ports, blocked: await obstacles(Object.fromEntries(fresh), foreign, wish) };
}

interface Busy {
  readonly listening: ReadonlySet<number>;
  readonly environments: readonly { readonly id: string; readonly ports: Ports }[];
}

async function busyOf({ id, records, published = [] }: PortRequest): Promise<Busy> {
  const others = records.filter(({ spec }) => spec.id !== id);
  return {
    listening: new Set([...(await listeners()).map(({ port }) => port), ...published]),
    environments: others.map(({ spec }) => ({ id: spec.id, ports: spec.ports })),
  };
}

/** Upstream's numbers with the next free one for etcd's peers, for which upstream has no number. */
async function upstream(single: PortRequest['wish']['single'], busy: Busy): Promise<Ports> {
  for (let etcdPeer = upstreamPorts.etcdPeer; etcdPeer < upstreamPorts.etcdPeer + 100; etcdPeer += 1) {
    const ports = { ...upstreamPorts, etcdPeer, ...single };
    if (single.etcdPeer !== undefined || (!isSelfish(ports) && (await isFree(etcdPeer, busy)))) return ports;
  }
  return { ...upstreamPorts, ...single };
}

/** The ports of a set that cannot be had, and who has them. */
async function obstacles(ports: Partial<Ports>, busy: Busy, wish: PortRequest['wish']): Promise<TakenPort[]> {
  return Promise.all((await takenOf(ports, busy)).map((taken) => told(taken, busy, wish)));
}

type Taken = Pick<TakenPort, 'name' | 'port'>;

/** The ports of a set that cannot be had; for the kernels' range it is enough that nobody listens in it now. */
async function takenOf(ports: Partial<Ports>, busy: Busy): Promise<Taken[]> {
  const names = Object.entries(ports).filter(([name]) => !isRange(name)) as [PortName, number][];
  const taken = await Promise.all(
    names.map(async ([name, port]) => ((await isFree(port, busy)) ? [] : [{ name, port }])),
  );
  const found: Taken[] = taken.flat();
  const { kernelFirst, kernelLast } = ports;
  if (kernelFirst === undefined || kernelLast === undefined) return found;
  const range = { kernelFirst, kernelLast };
  const inside = [...busy.listening].find((port) => within(port, range));
  const leased = busy.environments
    .map(({ ports: other }) => overlap(range, other))
    .find((port) => port !== undefined);
  const port = inside ?? leased;
  return port === undefined ? found : [...found, { name: 'kernelFirst', port }];
}

/** With who has it: to find that out means to look at all processes. */
async function told(
  { name, port }: Taken,
  { environments }: Busy,
  { base, single }: PortRequest['wish'],
): Promise<TakenPort> {
  const flag = single[name] !== undefined ? flagOf(name) : base === undefined ? undefined : '--ports';
  const environment = environments.find((other) => holds(other.ports, port))?.id;
  const holder = await portHolder(port);
  return {
    name,
    port,
    ...(flag === undefined ? {} : { flag }),
    ...(environment === undefined ? {} : { environment }),
    ...(holder === undefined ? {} : { holder }),
  };
}

async function isFree(port: number, { listening, environments }: Busy): Promise<boolean> {
  if (listening.has(port) || environments.some(({ ports }) => holds(ports, port))) return false;
  return !(await isTaken(port));
}

type Range = Pick<Ports, 'kernelFirst' | 'kernelLast'>;

const isRange = (name: string): boolean => name === 'kernelFirst' || name === 'kernelLast';
const within = (port: number, { kernelFirst, kernelLast }: Range): boolean =>
  port >= kernelFirst && port <= kernelLast;
const holds = (ports: Ports, port: number): boolean =>
  within(port, ports) || singlePorts(ports).some(([, other]) => other === port);

/** A port that both a range and all ports of another environment hold. */
function overlap(range: Range, other: Ports): number | undefined {
  const single = singlePorts(other).find(([, port]) => within(port, range))?.[1];
  const first = Math.max(range.kernelFirst, other.kernelFirst);
  return single ?? (first <= Math.min(range.kernelLast, other.kernelLast) ? first : undefined);
}

/** True if a set gives one port to two. */
function isSelfish(ports: Ports): boolean {
  const numbers = singlePorts(ports).map(([, port]) => port);
  return new Set(numbers).size < numbers.length || numbers.some((port) => within(port, ports));
}

function assertPossible(world: World, { base, single }: PortRequest['wish']): void {
  const lowest = world.host.user.uid === 0 ? 1 : 1024;
  const highest = 65535;
  const assertWithin = (flag: string, port: number, last: number): void => {
    if (Number.isInteger(port) && port >= lowest && port <= last) return;
    throw new Failure('BAI-USAGE', `${flag} ${port} is not a port from ${lowest} to ${last}.`);
  };
  if (base !== undefined) assertWithin('--ports', base, highest - blockSize + 1);
  const seen = new Map<number, PortName>();
  for (const [name, port] of Object.entries(single) as [PortName, number][]) {
    assertWithin(flagOf(name), port, highest);
    const twin = seen.get(port);
    if (twin !== undefined)
      throw new Failure('BAI-USAGE', `${flagOf(twin)} and ${flagOf(name)} are both ${port}.`);
    seen.set(port, name);
  }
  if (base === undefined) return;
  const block = { ...blockPorts(base), ...single };
  const clash = [...seen].find(
    ([port, name]) =>
      within(port, block) || singlePorts(block).some(([other, same]) => other !== name && same === port),
  );
  if (clash !== undefined) {
    throw new Failure(
      'BAI-USAGE',
      `${flagOf(clash[1])} ${clash[0]} is another port of the block of --ports ${base}.`,
    );
  }
}

const flagOf = (name: PortName): string =>
  name in portFlags ? portFlags[name as keyof typeof portFlags] : name;
