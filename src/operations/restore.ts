// Puts the data of a snapshot in place of an environment's own: all of it, or nothing.
import { acquireLock } from '../environment/lock.ts';
import { statePaths } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import { readRecord } from '../environment/store.ts';
import { userFilesPath } from '../environment/user-files.ts';
import { Failure } from '../failure.ts';
import { finishRestore, restoreStores } from '../halfstack/restoring.ts';
import { findSnapshot, verifySnapshot, type FoundSnapshot, type Manifest } from '../halfstack/snapshots.ts';
import { overlay, type Overlaid } from '../host/overlay.ts';
import { etcdEntries } from '../steps/etcd.ts';
import { stopwatch } from './stopwatch.ts';
import { forEnvironment, type World } from '../world.ts';
import { consent } from './consent.ts';
import { readyRecord } from './existing.ts';
import { makingOf } from './making.ts';
import { assertData } from './missing.ts';
import { announcePause, whileStopped } from './pause.ts';
import { remake } from './remake.ts';
import { announce, walkUnrecorded } from './side.ts';
import { saveBefore, serversOf, timeStamp, type SnapshotRow } from './snapshot.ts';

export interface RestoreRequest {
  /** Of which the snapshot was taken; it need not exist any more. */
  readonly id: string;
  /** The newest without. */
  readonly name?: string;
  /** The environment that gets the data, if it is another; it keeps its own ports and secrets. */
  readonly into: string;
  readonly yes: boolean;
  /** The data that is replaced is saved first. */
  readonly snapshot: boolean;
}

export interface RestoreResult {
  /** The environment was gone or not whole, and was made again first. */
  readonly made: boolean;
  /** What the environment's own data was saved as. */
  readonly saved?: SnapshotRow;
  /** What became of the files in virtual folders that the snapshot holds. */
  readonly files: Overlaid;
  readonly id: string;
  readonly name: string;
  readonly into: string;
  readonly seconds: number;
}

/**
 * Needs the same release, engine and servers (`BAI-CONFLICT-SPEC`), a snapshot that is whole (`BAI-SNAPSHOT`), and a
 * yes. An environment that is gone is first made again from the snapshot's spec. What ran before runs again
 * afterwards. Killed at any moment, the data are the old or the new ones.
 */
export async function restoreSnapshot(outer: World, request: RestoreRequest): Promise<RestoreResult> {
  const watch = stopwatch(outer);
  const { id, into } = request;
  const world = forEnvironment(watch.world, into);
  const { found, remade } = await lookFor(world, request);
  if (found.manifest.missing.length > 0) throw lacking(found.manifest);
  await verifySnapshot(found);
  const record = remade === undefined ? await readyRecord(world, into) : undefined;
  if (record !== undefined) {
    assertFits(found.manifest, record);
    announce(world, record, 'snapshot');
    await announcePause(world, record, 'its data is replaced');
  }
  await agree(world, request, { name: found.name, remade });
  if (remade !== undefined) await remake(world, remade);
  const lock = await acquireLock(world, statePaths(world.host, into).lock, {
    command: `snapshot restore ${id} ${found.name}`,
  });
  try {
    const current = await readyRecord(world, into);
    assertFits(found.manifest, current);
    await assertData(world, current);
    // of an environment that was made just now there is nothing to save
    const wish = { ...request, name: found.name, snapshot: request.snapshot && record !== undefined };
    const done = await whileStopped(world, current, () => exchange(world, current, { found, wish }));
    return {
      ...{ id, name: found.name, into, made: remade !== undefined },
      ...done,
      seconds: watch.seconds(),
    };
  } finally {
    await lock.release();
  }
}

/** The snapshot, and the spec of an environment that must be made again for it: its own, or that of its record. */
async function lookFor(
  world: World,
  { id, into, name }: RestoreRequest,
): Promise<{
  readonly found: FoundSnapshot & { readonly manifest: Manifest };
  readonly remade?: EnvironmentSpec;
}> {
  const record = await readRecord(world.host, into);
  // what is there to be restored into is said before what is there to be restored, but for its own snapshots
  if (id !== into && record?.phase !== 'ready') await readyRecord(world, into);
  const found = await findSnapshot(world.host, id, name);
  if (record?.phase === 'ready') return { found };
  if (record !== undefined) {
    assertFits(found.manifest, record);
    return { found, remade: record.spec };
  }
  const { spec } = found.manifest;
  if (spec !== undefined) return { found, remade: spec };
  const { release, engine } = found.manifest;
  throw new Failure(
    'BAI-ENVIRONMENT-ABSENT',
    `There is no environment ${id}, and its snapshot ${found.name} is of an older bai-dev, which did not save how it was made.`,
    {
      next: [
        {
          purpose: 'first make it again',
          command: `bai-dev install -e ${id} --release ${release} --engine ${engine}`,
        },
        { purpose: 'then restore', command: `bai-dev snapshot restore ${id} ${found.name}` },
      ],
    },
  );
}

interface Exchange {
  readonly found: FoundSnapshot & { readonly manifest: Manifest };
  readonly wish: RestoreRequest & { readonly name: string };
}

async function exchange(
  world: World,
  record: EnvironmentRecord,
  { found: { folder, name, manifest }, wish }: Exchange,
): Promise<Pick<RestoreResult, 'saved' | 'files'>> {
  const making = makingOf(world, record);
  const { engine, stack } = making;
  const keys = etcdEntries(making).flatMap(({ key, value: to }) => {
    const from = manifest.keys[key];
    return from === undefined || from === to ? [] : [{ key, from, to }];
  });
  const { databasePassword } = manifest;
  let saved: SnapshotRow | undefined;
  let files: Overlaid = { restored: 0, replaced: 0, aside: [], left: [] };
  await walkUnrecorded(world, [
    {
      id: 'restore:save',
      title: 'snapshot of the present data',
      group: 'Restore',
      run: async (control) => {
        // what an earlier one left is brought to its end first: it may hold copies of its own
        await finishRestore(world, { engine, stack, control });
        await engine.stop(stack);
        if (!wish.snapshot) return;
        const again = `${commandOf(wish, name)} --no-snapshot`;
        saved = await saveBefore(world, record, { before: 'restore', again });
      },
    },
    {
      // before the stores: a restore that is interrupted here leaves the old data, and is run again
      id: 'restore:files',
      title: 'files in virtual folders',
      group: 'Restore',
      after: ['restore:save'],
      run: async (control) => {
        // what they replace is in the snapshot that was taken just now, or else is kept beside them
        const keep = saved === undefined ? `.before-${timeStamp(world.now())}` : undefined;
        files = await overlay(userFilesPath(folder, '.'), record.spec.installPath, keep);
        for (const path of files.left) {
          const message = `${path} is a link to elsewhere, so the files that the snapshot holds of it were not restored.`;
          world.report.emit({ kind: 'note', severity: 'warning', message });
        }
        if (files.restored + files.replaced > 0) control.summary(`${files.restored + files.replaced} files`);
      },
    },
    {
      id: 'restore:stores',
      title: `snapshot ${name}`,
      group: 'Restore',
      after: ['restore:files'],
      run: async (control) => {
        await restoreStores(
          world,
          { engine, stack, control },
          { from: folder, journal: { snapshot: name, databasePassword, keys } },
        );
        await engine.stop(stack);
      },
    },
  ]);
  return { files, ...(saved && { saved }) };
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
}

const lacking = ({ missing }: Manifest): Failure =>
  new Failure('BAI-SNAPSHOT', `The snapshot lacks the data of ${missing.join(' and ')}.`, {
    next: [{ purpose: 'see the others', command: 'bai-dev snapshot list' }],
  });

function agree(
  world: World,
  request: RestoreRequest,
  { name, remade }: { readonly name: string; readonly remade: EnvironmentSpec | undefined },
): Promise<void> {
  const { id, into, yes, snapshot } = request;
  const asked =
    remade === undefined
      ? `Replace all data of ${into} by snapshot ${name} of ${id}?`
      : `Install ${into} again (${remade.release.title}, ${remade.engine}, in ${remade.installPath}) with the data of snapshot ${name}?`;
  return consent(world, {
    yes,
    question: asked,
    act: remade === undefined ? `Replacing the data of ${into}` : `Installing ${into} again`,
    command: `${commandOf(request, name)}${snapshot ? '' : ' --no-snapshot'} --yes`,
    declined: 'Nothing has been changed.',
  });
}

const commandOf = ({ id, into }: RestoreRequest, name: string): string =>
  `bai-dev snapshot restore ${id} ${name}${id === into ? '' : ` --into ${into}`}`;
