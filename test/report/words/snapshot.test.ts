import { describe, expect, it } from 'vitest';
import type { SnapshotRow } from '../../../src/operations/snapshot.ts';
import type { SnapshotEnd } from '../../../src/report/results.ts';
import { lookOf, noPaint } from '../../../src/report/style.ts';
import { snapshotScreen } from '../../../src/report/words/snapshot.ts';

const look = lookOf(
  { color: false, unicode: true, live: true },
  { paint: noPaint, width: 80, home: '/home/you' },
);
const screen = (end: SnapshotEnd): string[] => snapshotScreen(end, look);
const row: SnapshotRow = {
  ...{ id: 'dev', name: 'first', folder: '/home/you/s/dev/first', createdAt: '2099-03-01T12:30:00.000Z' },
  ...{ release: '99.09', engine: 'native', bytes: 42_000_000, missing: [] },
};

const none = { restored: 0, replaced: 0, aside: [], left: [] };

describe('what is said of snapshots', () => {
  it('is where one lies and how it is restored', () => {
    expect(screen({ action: 'save', snapshot: { ...row, missing: ['etcd'] } })).toEqual([
      'The data of dev are saved as first, 42 MB.',
      '  Not there to be saved: etcd.',
      '  Folder      ~/s/dev/first',
      '  Restore it  bai-dev snapshot restore dev first',
    ]);
  });

  it('is a table, in which a damaged one is told', () => {
    const broken = { id: 'dev', name: 'second', folder: '/x', trouble: 'its list of files is gone' };
    expect(screen({ action: 'list', snapshots: [row, broken] })).toEqual([
      'ID   NAME    SAVED             RELEASE  ENGINE  SIZE',
      'dev  first   2099-03-01 12:30  99.09    native  42 MB',
      'dev  second                                            its list of files is gone',
    ]);
    expect(screen({ action: 'list', snapshots: [] })[0]).toContain('bai-dev snapshot save ID');
  });

  it('is whose data an environment has', () => {
    const end = {
      action: 'restore',
      ...{ id: 'dev', name: 'first', into: 'dev', made: false, files: none, seconds: 3 },
    } as const;
    expect(screen(end)).toEqual([expect.stringMatching(/^dev has the data of snapshot first, after 3/)]);
    expect(screen({ ...end, into: 'two' })[0]).toContain('two has the data of snapshot first of dev,');
    const saved = { ...row, name: 'before-restore' };
    expect(screen({ ...end, saved })).toEqual([
      expect.stringContaining('dev has the data of snapshot first'),
      '',
      '  Its former data  snapshot before-restore, 42 MB',
      '  Restore it       bai-dev snapshot restore dev before-restore',
    ]);
    const files = { ...none, restored: 2, replaced: 1, aside: ['/home/you/dev/a.before'] };
    expect(screen({ ...end, files }).slice(1)).toEqual([
      '  3 files in virtual folders restored, 1 of them in place of other content.',
      '  Kept beside: ~/dev/a.before',
    ]);
    expect(screen({ ...end, made: true })[0]).toContain('dev is installed again and has the data of');
    const pruned = { action: 'prune', removed: [row], kept: [row, row], freed: 42_000_000 } as const;
    expect(screen(pruned)).toEqual([
      'Deleted 1 snapshot, 42 MB freed.',
      '  · dev first',
      '  2 snapshots kept',
    ]);
    expect(screen({ action: 'delete', snapshot: row })).toEqual(['Snapshot first of dev is deleted.']);
  });
});
