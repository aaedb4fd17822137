// What is said of snapshots: what was saved or restored, and which there are.
import { table } from '../layout.ts';
import type { SnapshotEnd } from '../results.ts';
import { bytes, duration, tilde, type Look } from '../style.ts';

/** One screen for each thing that can be done with them. */
export function snapshotScreen(end: SnapshotEnd, look: Look): string[] {
  switch (end.action) {
    case 'save': {
      const { id, name, folder, missing = [], bytes: size = 0 } = end.snapshot;
      return [
        look.paint('strong', `The data of ${id} are saved as ${name}, ${bytes(size)}.`),
        ...(missing.length === 0 ? [] : [`  Not there to be saved: ${missing.join(', ')}.`]),
        `  Folder      ${tilde(folder, look.home)}`,
        `  Restore it  bai-dev snapshot restore ${id} ${name}`,
      ];
    }
    case 'delete':
      return [`Snapshot ${end.snapshot.name} of ${end.snapshot.id} is deleted.`];
    case 'restore': {
      const of = end.id === end.into ? '' : ` of ${end.id}`;
      return [`${end.into} has the data of snapshot ${end.name}${of}, after ${duration(end.seconds)}.`];
    }
    case 'list':
      return listScreen(end.snapshots, look);
  }
}

function listScreen(
  snapshots: Extract<SnapshotEnd, { action: 'list' }>['snapshots'],
  { paint }: Look,
): string[] {
  if (snapshots.length === 0) return ['There is no snapshot. Make one with   bai-dev snapshot save ID'];
  const rows = snapshots.map(({ id, name, createdAt, release, engine, bytes: size, trouble }) => [
    ...[id, name, createdAt?.slice(0, 16).replace('T', ' ') ?? '', release ?? '', engine ?? ''],
    ...[size === undefined ? '' : bytes(size), trouble ?? ''],
  ]);
  const [heading = '', ...lines] = table([['ID', 'NAME', 'SAVED', 'RELEASE', 'ENGINE', 'SIZE', ''], ...rows]);
  return [paint('faint', heading), ...lines];
}
