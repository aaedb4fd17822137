// Removes an environment from what was recorded, newest first; looks for work that exists nowhere else before.
import { daemonsOf } from '../daemons/daemon.ts';
import { relayOf } from '../daemons/relay.ts';
import { runningDaemons } from '../daemons/running.ts';
import { acquireLock } from '../environment/lock.ts';
import { openJournal, type RecordJournal } from '../environment/journal.ts';
import { statePaths } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { sourceWord } from '../environment/spec.ts';
import { forgetEnvironment } from '../environment/store.ts';
import { Failure } from '../failure.ts';
import { describeResource, removeResource, resourceExists } from '../resources/inventory.ts';
import type { Resource } from '../resources/resource.ts';
import { workIn, type Work } from '../source/work.ts';
import { forEnvironment, type World } from '../world.ts';
import { leaveIfLast, stopUnderLock } from './stop.ts';
import { existingRecord } from './existing.ts';

export interface DeleteRequest {
  readonly id: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

export interface DeleteResult {
  readonly id: string;
  readonly outcome: 'deleted' | 'planned';
  /** What was removed, or would be. */
  readonly removed: readonly string[];
  /** What stays because something of the user's is in it. */
  readonly kept: readonly string[];
  readonly seconds: number;
}

/**
 * Removes everything the record names. Refuses (`BAI-GIT-WORK`) while a tree holds work, and asks first; without
 * a terminal it needs `yes`. What cannot be removed is named (`BAI-LEFTOVERS`), and the same command continues.
 */
export async function deleteEnvironment(outer: World, request: DeleteRequest): Promise<DeleteResult> {
  const began = performance.now();
  const world = forEnvironment(outer, request.id);
  const record = await existingRecord(world, request.id);
  world.report.emit({
    kind: 'environment',
    command: 'delete',
    id: request.id,
    title: record.spec.release.title,
    engine: record.spec.engine,
    source: sourceWord(Object.values(record.spec.trees)),
    path: record.spec.installPath,
  });
  await assertNoWork(world, record);
  const seconds = (): number => (performance.now() - began) / 1000;
  if (request.dryRun) {
    const there = await presentOf(world, record.resources);
    return {
      id: request.id,
      outcome: 'planned',
      removed: there.map(describeResource),
      kept: [],
      seconds: seconds(),
    };
  }
  world.report.emit({
    kind: 'plan',
    steps: record.resources.map((resource) => {
      const name = describeResource(resource);
      return { id: name, title: name, group: resource.kind, outlook: 'remove' };
    }),
  });
  await consent(world, request, record);
  return {
    id: request.id,
    outcome: 'deleted',
    ...(await finishDelete(world, request.id)),
    seconds: seconds(),
  };
}

/** The removal itself, under the environment's lock: what was agreed to before, or begun by an earlier run. */
export async function finishDelete(
  world: World,
  id: string,
): Promise<Pick<DeleteResult, 'removed' | 'kept'>> {
  const lock = await acquireLock(world, statePaths(world.host, id).lock, { command: `delete -e ${id}` });
  try {
    const record = await existingRecord(world, id);
    await assertNoWork(world, record);
    return await removeAll(world, record);
  } finally {
    await lock.release();
  }
}

async function removeAll(
  world: World,
  record: EnvironmentRecord,
): Promise<Pick<DeleteResult, 'removed' | 'kept'>> {
  const journal = openJournal(world, record);
  await journal.setPhase('deleting');
  await stopRunning(world, record);
  await enterRelays(world, record, journal);
  const removed: string[] = [];
  const kept: string[] = [];
  const leftovers: { resource: string; reason: string }[] = [];
  for (const resource of [...record.resources].reverse()) {
    world.signal.throwIfAborted();
    const name = describeResource(resource);
    try {
      const outcome = await removeResource(world, resource);
      world.report.emit({ kind: 'removal', resource: name, outcome });
      if (outcome === 'removed') removed.push(name);
      if (outcome === 'kept' && isInside(resource, record.spec.installPath)) kept.push(name);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      world.report.emit({ kind: 'removal', resource: name, outcome: 'failed', reason: error.message });
      leftovers.push({ resource: name, reason: error.message });
    }
  }
  const { id } = record.spec;
  if (leftovers.length > 0) {
    throw new Failure(
      'BAI-LEFTOVERS',
      `${leftovers.length} of ${record.resources.length} things of ${id} could not be removed.`,
      {
        facts: { leftovers },
        lines: leftovers.map(({ resource, reason }) => `${resource}: ${reason}`),
        next: [{ purpose: 'continue', command: `bai-dev delete -e ${id}` }],
      },
    );
  }
  await forgetEnvironment(world.host, id);
  await leaveIfLast(world);
  return { removed, kept };
}

/** Daemons go with all that they started, which no resource names. */
async function stopRunning(world: World, record: EnvironmentRecord): Promise<void> {
  const daemons = daemonsOf(world.host, record.spec);
  const running = await runningDaemons(
    record,
    daemons.map(({ name }) => name),
  );
  if (running.size > 0) await stopUnderLock(world, record, { daemons, halfstack: false });
}

/** What an agent that was started by hand left beside its process: its name tells that it is of this environment. */
async function enterRelays(world: World, record: EnvironmentRecord, journal: RecordJournal): Promise<void> {
  const { spec } = record;
  if (spec.engine !== 'docker') return;
  for (const daemon of daemonsOf(world.host, spec).filter(({ needsDocker }) => needsDocker)) {
    const relay = relayOf(daemon, spec.engineAddress);
    // an engine that does not answer is told of when its containers are to be removed
    if (await resourceExists(world, relay).catch(() => false)) await journal.addResource(relay);
  }
}

/** The folders above the install path may be shared with others: that they stay is no news. */
function isInside(resource: Resource, installPath: string): boolean {
  return !('path' in resource) || `${resource.path}/`.startsWith(`${installPath}/`);
}

async function assertNoWork(world: World, record: EnvironmentRecord): Promise<void> {
  const trees = record.resources.filter((resource) => resource.kind === 'tree');
  const found: (Work & { path: string })[] = [];
  for (const { path } of trees) found.push(...(await workIn(world, path)).map((work) => ({ ...work, path })));
  const [first] = found;
  if (first === undefined) return;
  throw new Failure(
    'BAI-GIT-WORK',
    `Working copies of ${record.spec.id} hold work that exists nowhere else. Nothing has been removed.`,
    {
      facts: { work: found },
      lines: found.map((work) => `${work.path}: ${work.summary}`),
      next: [
        { purpose: 'look at it', command: `git -C ${JSON.stringify(first.path)} status` },
        { purpose: 'once it is pushed or thrown away', command: `bai-dev delete -e ${record.spec.id}` },
      ],
    },
  );
}

async function consent(world: World, { id, yes }: DeleteRequest, record: EnvironmentRecord): Promise<void> {
  if (yes) return;
  if (!world.ask.available) {
    throw new Failure('BAI-QUESTION', `Deleting ${id} needs a yes, and there is no terminal to ask on.`, {
      next: [{ purpose: 'agree beforehand', command: `bai-dev delete -e ${id} --yes` }],
    });
  }
  const message = `Delete ${id} with its ${record.resources.length} things, the database among them?`;
  if (!(await world.ask.confirm({ message, initial: false })))
    throw new Failure('BAI-DECLINED', 'Nothing has been removed.');
}

async function presentOf(world: World, resources: readonly Resource[]): Promise<Resource[]> {
  const there = await Promise.all(resources.map((resource) => resourceExists(world, resource)));
  return resources.filter((_, at) => there[at]);
}
