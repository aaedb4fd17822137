// All environments of this user and what else looks like one, each with its state as it is now.
import { daemonsOf } from '../daemons/daemon.ts';
import { externalDaemons } from '../daemons/external.ts';
import { lockHolder } from '../environment/lock.ts';
import { statePaths } from '../environment/names.ts';
import { blockSize, type Ports } from '../environment/ports.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { readRestore } from '../environment/restoring.ts';
import { readSwitch, switchPaths, type SwitchJournal } from '../environment/switching.ts';
import { Failure, type NextCommand } from '../failure.ts';
import { listeners } from '../host/net.ts';
import { kindOf } from '../host/files.ts';
import type { World } from '../world.ts';
import type { Foreign } from './foreign.ts';
import { listOf, missingParts } from './missing.ts';
import { runs, standings, type HalfstackState, type Standing } from './standings.ts';

/** `damaged`: its record cannot be used. `folder gone`: somebody removed its install path. */
export type ListState =
  'ready' | 'half installed' | 'half deleted' | 'partly deleted' | 'folder gone' | 'damaged' | 'foreign';

export interface ListRow {
  readonly id: string;
  readonly state: ListState;
  /** Something of it runs. */
  readonly runs: boolean;
  readonly release?: string;
  readonly engine?: string;
  readonly halfstack: HalfstackState;
  /** Not known of foreign ones. */
  readonly daemons?: {
    readonly running: readonly string[];
    readonly total: number;
    /** Those that run and bai-dev did not start; absent without any. */
    readonly external?: readonly string[];
  };
  /** Those that are leased, or of a foreign one those that are published. */
  readonly ports?: Ports | readonly number[];
  /** First and last of the block of ports that it leases; absent for upstream's own numbers. */
  readonly block?: readonly [first: number, last: number];
  readonly path?: string;
  /** What another bai-dev does to it right now. */
  readonly busy?: string;
  /** Why it is damaged, who made it, what is left of it, or that a restore of it was cut off. */
  readonly reason?: string;
  /** What brings it into order. */
  readonly next?: NextCommand;
}

/** The shape is a contract: `bai-dev list --json` prints it as the `result` of its envelope. */
export interface ListResult {
  readonly environments: readonly ListRow[];
  /** Engines that did not answer: how the halfstacks there stand is not known. */
  readonly silent: readonly { readonly address: string; readonly reason: string }[];
  /** A switch that was cut off, or is under way. */
  readonly switch?: {
    readonly target: string;
    /** Environments that ran before it. */
    readonly before: readonly string[];
    readonly since: string;
    readonly working: boolean;
    readonly next?: readonly NextCommand[];
  };
  /** The journal of a switch that cannot be used. */
  readonly trouble?: string;
}

/** Only looks; what cannot be read is a row like any other. */
export async function list(world: World): Promise<ListResult> {
  const { ours, foreign, silent } = await standings(world);
  const [rows, cut] = await Promise.all([
    Promise.all(ours.map((standing) => rowOf(world, standing))),
    switchOf(world),
  ]);
  return { environments: [...rows, ...foreign.map(foreignRow)], silent, ...cut };
}

async function rowOf(world: World, standing: Standing): Promise<ListRow> {
  const { id, record, trouble, halfstack, daemons } = standing;
  const holder = await lockHolder(statePaths(world.host, id).lock).catch(() => undefined);
  const common = {
    id,
    runs: runs(standing),
    halfstack,
    ...(holder === undefined ? {} : { busy: holder.command }),
  };
  if (record === undefined) {
    const [next] = trouble?.more.next ?? [];
    return {
      ...common,
      state: 'damaged',
      ...(trouble === undefined ? {} : { reason: trouble.message }),
      ...(next === undefined ? {} : { next }),
    };
  }
  const { spec } = record;
  const state = await stateOf(record);
  const cut = holder === undefined && state === 'ready' ? await restoreOf(world, id) : undefined;
  const missing = state === 'ready' && cut === undefined ? await missingParts(record) : [];
  const reason =
    state === 'partly deleted'
      ? await leftOf(record, halfstack)
      : missing.length > 0
        ? `missing: ${listOf(missing)}`
        : cut?.reason;
  const next = cut?.next ?? nextOf(id, missing.length > 0 ? 'partly deleted' : state);
  const external = await externalOf(world, record, daemons);
  return {
    ...common,
    state,
    release: spec.release.version,
    engine: spec.engine,
    daemons: {
      running: daemons,
      total: Object.values(spec.release.components).filter(({ daemon }) => daemon !== undefined).length,
      ...(external.length === 0 ? {} : { external }),
    },
    ports: spec.ports,
    ...(spec.portBase === 0 ? {} : { block: [spec.portBase, spec.portBase + blockSize - 1] as const }),
    path: spec.installPath,
    ...(reason === undefined ? {} : { reason }),
    // while somebody works on it, its half state is none
    ...(next === undefined || holder !== undefined ? {} : { next }),
  };
}

/** Only where somebody listens for a daemon that does not run is it worth a look at all processes. */
async function externalOf(
  world: World,
  record: EnvironmentRecord,
  running: readonly string[],
): Promise<string[]> {
  const missing = daemonsOf(world.host, record.spec).filter(({ name }) => !running.includes(name));
  if (missing.length === 0) return [];
  const open = new Set((await listeners()).map(({ port }) => port));
  if (!missing.some(({ ports }) => ports.some((port) => open.has(port)))) return [];
  const found = new Set((await externalDaemons(world, record)).map(({ name }) => name));
  return missing.map(({ name }) => name).filter((name) => found.has(name));
}

async function stateOf({ phase, spec }: EnvironmentRecord): Promise<ListState> {
  switch (phase) {
    case 'installing':
      return 'half installed';
    case 'deleting':
      return 'half deleted';
    case 'kept':
      return 'partly deleted';
    case 'ready':
      // a folder that cannot be looked at is there for all we know
      return (await kindOf(spec.installPath).catch(() => 'other')) === undefined ? 'folder gone' : 'ready';
  }
}

/** Which parts were kept, as far as they are there. */
async function leftOf({ resources }: EnvironmentRecord, halfstack: HalfstackState): Promise<string> {
  const isLeft = async (kind: 'tree' | 'virtualenv'): Promise<boolean> => {
    const paths = resources.flatMap((one) => (one.kind === kind ? [one.path] : []));
    return (await Promise.all(paths.map(kindOf))).includes('folder');
  };
  const left = [
    ...(halfstack === 'absent' ? [] : ['halfstack']),
    ...((await isLeft('tree')) ? ['sources'] : []),
    ...((await isLeft('virtualenv')) ? ['virtualenvs'] : []),
  ];
  return `left: ${left.join(', ') || 'nothing'}`;
}

function nextOf(id: string, state: ListState): NextCommand | undefined {
  switch (state) {
    case 'half installed':
      return { purpose: 'continue', command: `bai-dev install -e ${id}` };
    case 'half deleted':
      return { purpose: 'continue', command: `bai-dev delete -e ${id}` };
    case 'partly deleted':
    case 'folder gone':
      return { purpose: 'make it again', command: `bai-dev install -e ${id}` };
    case 'ready':
    case 'damaged':
    case 'foreign':
      return undefined;
  }
}

/** A restore that was cut off: whatever starts the halfstack next brings it to its end. */
async function restoreOf({ host }: World, id: string): Promise<Pick<ListRow, 'reason' | 'next'> | undefined> {
  try {
    const journal = await readRestore(host, id);
    if (journal === undefined) return undefined;
    const begun = journal.stage === 'exchanging';
    return {
      reason: `restoring ${journal.snapshot} was cut off${begun ? '' : ', its data are the old ones'}`,
      next: {
        purpose: begun ? 'finish it' : 'clear it away',
        command: `bai-dev start ${id} --halfstack-only`,
      },
    };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const [next] = error.more.next ?? [];
    return { reason: error.message, ...(next === undefined ? {} : { next }) };
  }
}

function foreignRow({ id, madeBy, halfstack, path, release, ports }: Foreign): ListRow {
  return {
    id,
    state: 'foreign',
    runs: halfstack === 'up' || halfstack === 'partly up',
    halfstack,
    ports,
    reason: `made by ${madeBy}`,
    ...(path === undefined ? {} : { path }),
    ...(release === undefined ? {} : { release }),
  };
}

async function switchOf({ host }: World): Promise<Pick<ListResult, 'switch' | 'trouble'>> {
  try {
    const journal = await readSwitch(host);
    if (journal === undefined) return {};
    const working = (await lockHolder(switchPaths(host).lock).catch(() => undefined)) !== undefined;
    return {
      switch: {
        target: journal.target,
        before: journal.before.map(({ id }) => id),
        since: journal.since,
        working,
        ...(working ? {} : { next: waysOn(journal) }),
      },
    };
  } catch (error) {
    if (error instanceof Failure) return { trouble: error.message };
    throw error;
  }
}

function waysOn({ target, before }: SwitchJournal): NextCommand[] {
  const back = before.find(({ id }) => id !== target);
  return [
    { purpose: 'finish it', command: `bai-dev switch ${target}` },
    ...(back === undefined ? [] : [{ purpose: 'or go back', command: `bai-dev switch ${back.id}` }]),
  ];
}
