// Puts the data of a snapshot in place of an environment's own: all of it, or nothing.
import { acquireLock } from '../environment/lock.ts';
import { statePaths } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { Failure } from '../failure.ts';
import { finishRestore, restoreStores } from '../halfstack/restoring.ts';
import { findSnapshot, verifySnapshot, type Manifest } from '../halfstack/snapshots.ts';
import { etcdEntries } from '../steps/etcd.ts';
import { forEnvironment, type World } from '../world.ts';
import { consent } from './consent.ts';
import { readyRecord } from './existing.ts';
import { makingOf } from './making.ts';
import { announce, walkUnrecorded } from './side.ts';
import { serversOf, whileStopped } from './snapshot.ts';

export interface RestoreRequest {
  /** Of which the snapshot was taken; it need not exist any more. */
  readonly id: string;
  /** The newest without. */
  readonly name?: string;
  /** The environment that gets the data, if it is another; it keeps its own ports and secrets. */
  readonly into: string;
  readonly yes: boolean;
}

export interface RestoreResult {
  readonly id: string;
  readonly name: string;
  readonly into: string;
  readonly seconds: number;
}

/**
 * Needs the same release, engine and servers (`BAI-CONFLICT-SPEC`), a snapshot that is whole (`BAI-SNAPSHOT`), and a
 * yes. What ran before runs again afterwards. Killed at any moment, the data are the old or the new ones.
 */
export async function restoreSnapshot(outer: World, request: RestoreRequest): Promise<RestoreResult> {
  const began = performance.now();
  const { id, into } = request;
  const world = forEnvironment(outer, into);
  const record = await readyRecord(world, into);
  announce(world, record, 'snapshot');
  const found = await findSnapshot(world.host, id, request.name);
  assertFits(found.manifest, record);
  await verifySnapshot(found);
  await agree(world, request, found.name);
  const lock = await acquireLock(world, statePaths(world.host, into).lock, {
    command: `snapshot restore ${id} ${found.name}`,
  });
  try {
    const current = await readyRecord(world, into);
    await whileStopped(world, current, () => exchange(world, current, found));
    return { id, name: found.name, into, seconds: (performance.now() - began) / 1000 };
  } finally {
    await lock.release();
  }
}

async function exchange(
  world: World,
  record: EnvironmentRecord,
  { folder, name, manifest }: { folder: string; name: string; manifest: Manifest },
): Promise<void> {
  const making = makingOf(world, record);
  const { engine, stack } = making;
  const keys = etcdEntries(making).flatMap(({ key, value: to }) => {
    const from = manifest.keys[key];
    return from === undefined || from === to ? [] : [{ key, from, to }];
  });
  const { databasePassword } = manifest;
  await walkUnrecorded(world, [
    {
      id: 'restore:stores',
      title: `snapshot ${name}`,
      group: 'Restore',
      run: async (control) => {
        // what an earlier one left is brought to its end first: it may hold copies of its own
        await finishRestore(world, { engine, stack, control });
        await engine.stop(stack);
        await restoreStores(
          world,
          { engine, stack, control },
          { from: folder, journal: { snapshot: name, databasePassword, keys } },
        );
        await engine.stop(stack);
      },
    },
  ]);
}

function assertFits(manifest: Manifest, record: EnvironmentRecord): void {
  const { spec } = record;
  const wanted: readonly [what: string, has: string, needs: string][] = [
    ['release', spec.release.version, manifest.release],
    ['engine', spec.engine, manifest.engine],
    ...Object.entries(manifest.servers).map(([role, server]): [string, string, string] => [
      role,
      serversOf(record)[role] ?? 'nothing',
      server,
    ]),
  ];
  const wrong = wanted.filter(([, has, needs]) => has !== needs);
  const list = wrong.map(([what, has, needs]) => `${what} is ${has}, not ${needs}`).join('; ');
  if (wrong.length > 0) {
    throw new Failure('BAI-CONFLICT-SPEC', `The snapshot does not fit ${spec.id}: ${list}.`, {
      facts: { differences: wrong.map(([what, has, needs]) => ({ what, has, needs })) },
      next: [{ purpose: 'see what there is', command: 'bai-dev snapshot list' }],
    });
  }
  if (manifest.missing.length === 0) return;
  throw new Failure('BAI-SNAPSHOT', `The snapshot lacks the data of ${manifest.missing.join(' and ')}.`, {
    next: [{ purpose: 'see the others', command: 'bai-dev snapshot list' }],
  });
}

function agree(world: World, { id, into, yes }: RestoreRequest, name: string): Promise<void> {
  const target = id === into ? '' : ` --into ${into}`;
  return consent(world, {
    yes,
    question: `Replace all data of ${into} by snapshot ${name} of ${id}?`,
    act: `Replacing the data of ${into}`,
    command: `bai-dev snapshot restore ${id} ${name}${target} --yes`,
    declined: 'Nothing has been changed.',
  });
}
