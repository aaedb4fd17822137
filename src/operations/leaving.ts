// The first half of a change: what runs is stopped, and what is no longer wanted goes. Twice is once.
import { daemonsOf } from '../daemons/daemon.ts';
import { runningDaemons } from '../daemons/running.ts';
import type { RecordJournal } from '../environment/journal.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import { describeResource, removeRecorded } from '../resources/inventory.ts';
import { resourceKey, type Resource } from '../resources/resource.ts';
import { assertClean, excludeOurs } from '../steps/exchange.ts';
import type { World } from '../world.ts';
import type { Change } from './change.ts';
import { makingOf, stepsOfRecord } from './making.ts';
import { runningOf, startAgain, type Running } from './pause.ts';
import type { InstallRequest } from './request.ts';
import { saveBefore, type SnapshotRow } from './snapshot.ts';
import { stopUnderLock } from './stop.ts';

/**
 * Under the lock, before the new spec is in the record: saves the data if the change can touch it, with everything
 * stopped for that, unless it was asked not to. Gives which daemons ran. When it cannot be saved all is as before.
 */
export async function leaveSaved(
  world: World,
  record: EnvironmentRecord,
  { change, request }: { readonly change: Change; readonly request: InstallRequest },
): Promise<{ readonly running: Running; readonly saved?: SnapshotRow }> {
  const running = await runningOf(world, record);
  // the halfstack is started by the steps that need it; what a new spec has no more cannot run
  const left = {
    daemons: running.daemons.filter((name) => isDaemon(world, change.record, name)),
    halfstack: false,
  };
  const isWhole = record.phase === 'ready';
  if (request.snapshot === false || !isWhole || !touchesData(record.spec, change.record.spec)) {
    return { running: left };
  }
  const daemons = daemonsOf(world.host, record.spec).filter(({ name }) => running.daemons.includes(name));
  await stopUnderLock(world, record, { daemons, halfstack: true });
  try {
    const again = `bai-dev install -e ${request.id} --change --no-snapshot …`;
    const saved = await saveBefore(world, record, { before: 'change', again });
    return { running: left, ...(saved && { saved }) };
  } catch (error) {
    if (!world.signal.aborted) await startAgain(world, record, running).catch(() => undefined);
    throw error;
  }
}

/** Servers that get other ports are made again around their data, and keys in etcd are given the new addresses. */
const touchesData = (is: EnvironmentSpec, becomes: EnvironmentSpec): boolean =>
  halfstackPorts(is) !== halfstackPorts(becomes);

const isDaemon = (world: World, { spec }: EnvironmentRecord, name: string): boolean =>
  daemonsOf(world.host, spec).some((daemon) => daemon.name === name);

/** Under the lock, with the new spec in the record. Throws `BAI-GIT-WORK` if somebody works in what shall go. */
export async function leaveFormer(
  world: World,
  record: EnvironmentRecord,
  journal: RecordJournal,
): Promise<void> {
  const { former = [], spec } = record;
  if (former.length === 0) return;
  const daemons = [...former, spec].flatMap((one) => daemonsOf(world.host, one));
  const byName = new Map(daemons.map((daemon) => [daemon.name, daemon]));
  const running = await runningDaemons(world.host, record, [...byName.keys()]);
  const halfstack = former.some((one) => halfstackPorts(one) !== halfstackPorts(spec));
  if (halfstack || running.size > 0) {
    await stopUnderLock(world, record, {
      daemons: [...byName.values()].filter(({ name }) => running.has(name)),
      halfstack,
    });
  }
  const making = makingOf(world, record);
  const go = unwanted(world, record);
  for (const one of go) if (one.kind === 'tree') await assertClean(making, one.tree);
  for (const resource of go) {
    world.signal.throwIfAborted();
    const outcome = await removeRecorded(world, record, resource);
    world.report.emit({ kind: 'removal', resource: describeResource(resource), outcome });
    await journal.dropResource(resource);
  }
  await excludeOurs(making);
}

/** What the steps of a former spec made and those of the new one do not, as far as the record names it; newest first. */
export function unwanted(world: World, record: EnvironmentRecord): readonly Resource[] {
  const keysOf = (spec: EnvironmentSpec): string[] =>
    stepsOfRecord(world, { ...record, spec, former: [] })
      .flatMap((step) => step.makes?.() ?? [])
      .map(resourceKey);
  const before = new Set((record.former ?? []).flatMap(keysOf));
  for (const key of keysOf(record.spec)) before.delete(key);
  return [...record.resources].reverse().filter((one) => before.has(resourceKey(one)));
}

const halfstackPorts = ({ ports: { postgres, redis, etcd, etcdPeer } }: EnvironmentSpec): string =>
  [postgres, redis, etcd, etcdPeer].join();
