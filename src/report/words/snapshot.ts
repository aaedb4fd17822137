// What is said of snapshots: what was saved or restored, and which there are.
import type { Overlaid } from '../../host/overlay.ts';
import type { SnapshotRow } from '../../operations/snapshot.ts';
import { table } from '../layout.ts';
import type { SnapshotEnd } from '../results.ts';
import { bytes, count, duration, tilde, type Look } from '../style.ts';

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
      return [
        `${end.into} ${end.made ? 'is installed again and has' : 'has'} the data of snapshot ${end.name}${of}, after ${duration(end.seconds)}.`,
        ...fileLines(end.files, look),
        ...savedLines(end.saved, look),
      ];
    }
    case 'prune': {
      const { removed, kept, freed } = end;
      const head =
        removed.length === 0
          ? 'Nothing to prune.'
          : `Deleted ${count(removed.length, 'snapshot')}, ${bytes(freed)} freed.`;
      return [
        look.paint('strong', head),
        ...removed.map(({ id, name }) => `  ${look.marks.dot} ${id} ${name}`),
        ...(kept.length === 0 ? [] : [`  ${count(kept.length, 'snapshot')} kept`]),
      ];
    }
    case 'list':
      return listScreen(end.snapshots, look);
  }
}

function fileLines({ restored, replaced, aside }: Overlaid, look: Look): string[] {
  const all = restored + replaced;
  if (all === 0) return [];
  const others = replaced === 0 ? '' : `, ${replaced} of them in place of other content`;
  return [
    `  ${count(all, 'file')} in virtual folders restored${others}.`,
    ...aside.map((path) => `  Kept beside: ${tilde(path, look.home)}`),
  ];
}

/** Where the data lies that a command replaced, and how it is brought back. */
export function savedLines(saved: SnapshotRow | undefined, look: Look): string[] {
  if (saved === undefined) return [];
  const { id, name, bytes: size = 0 } = saved;
  return [
    '',
    ...table([
      ['  Its former data', `snapshot ${name}, ${bytes(size)}`],
      ['  Restore it', `bai-dev snapshot restore ${id} ${name}`],
    ]).map((line) => look.paint('faint', line)),
  ];
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
