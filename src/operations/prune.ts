// Deletes old snapshots: the newest of each environment stay.
import { acquireLock } from '../environment/lock.ts';
import { statePaths } from '../environment/names.ts';
import { readRestore } from '../environment/restoring.ts';
import { listIds } from '../environment/store.ts';
import { removeSnapshot } from '../halfstack/snapshots.ts';
import { usageOf } from '../host/usage.ts';
import type { World } from '../world.ts';
import { consent } from './consent.ts';
import { snapshotRows, type SnapshotRow } from './snapshot.ts';

export interface PruneRequest {
  /** Only those of this environment, which need not exist any more. */
  readonly id?: string;
  /** How many of the newest of each environment stay; at least 1. */
  readonly keep: number;
  readonly yes: boolean;
}

export interface PruneResult {
  readonly removed: readonly SnapshotRow[];
  readonly kept: readonly SnapshotRow[];
  /** Bytes on disk. */
  readonly freed: number;
}

/**
 * Names what goes, asks, and removes it. Damaged snapshots stay, as something may still be got out of them, and so do
 * those that an unfinished restore is of.
 */
export async function pruneSnapshots(world: World, { id, keep, yes }: PruneRequest): Promise<PruneResult> {
  const { go, kept } = await choose(world, id, keep);
  if (go.length === 0) return { removed: [], kept, freed: 0 };
  for (const one of go) {
    const when = one.createdAt?.slice(0, 16).replace('T', ' ') ?? '';
    const size = `${Math.ceil((one.bytes ?? 0) / 1e6)} MB`;
    const message = `To be deleted: snapshot ${one.name} of ${one.id}, saved ${when}, ${size}`;
    world.report.emit({ kind: 'note', severity: 'note', message });
  }
  await consent(world, {
    yes,
    question: `Delete ${go.length === 1 ? 'this snapshot' : `these ${go.length} snapshots`}?`,
    act: 'Deleting snapshots',
    command: `bai-dev snapshot prune${id === undefined ? '' : ` ${id}`} --keep ${keep} --yes`,
    declined: 'Nothing has been removed.',
  });
  const removed: SnapshotRow[] = [];
  let freed = 0;
  for (const each of [...new Set(go.map((one) => one.id))]) {
    const lock = await acquireLock(world, statePaths(world.host, each).lock, {
      command: `snapshot prune ${each}`,
    });
    try {
      // what was agreed to, as far as it is still among the oldest
      const now = (await choose(world, each, keep)).go.map(({ name }) => name);
      for (const one of go.filter((old) => old.id === each && now.includes(old.name))) {
        world.signal.throwIfAborted();
        const size = await usageOf(one.folder);
        await removeSnapshot(world.host, each, one.name);
        freed += size;
        removed.push(one);
      }
    } finally {
      await lock.release();
    }
  }
  return { removed, kept, freed };
}

async function choose(
  world: World,
  id: string | undefined,
  keep: number,
): Promise<{ readonly go: readonly SnapshotRow[]; readonly kept: readonly SnapshotRow[] }> {
  const rows = await snapshotRows(world, id);
  const pending = await pendingNames(world);
  const whole = rows.filter(({ trouble }) => trouble === undefined);
  const newest = new Set(
    [...new Set(whole.map((row) => row.id))].flatMap((each) =>
      whole.filter((row) => row.id === each).slice(-Math.max(1, keep)),
    ),
  );
  const go = whole.filter((row) => !newest.has(row) && !pending.has(row.name));
  return { go, kept: rows.filter((row) => !go.includes(row)) };
}

/** Names of the snapshots that interrupted restores are of, whichever environment they were taken of. */
async function pendingNames(world: World): Promise<Set<string>> {
  const names = new Set<string>();
  for (const id of await listIds(world.host)) {
    const journal = await readRestore(world.host, id);
    if (journal !== undefined) names.add(journal.snapshot);
  }
  return names;
}
