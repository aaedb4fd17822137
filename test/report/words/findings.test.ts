// What the prechecks found, word by word.
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/report/events.ts';
import { lookOf, noPaint } from '../../../src/report/style.ts';
import { findingsScreen } from '../../../src/report/words/findings.ts';

const look = lookOf({ color: false, unicode: true, live: true }, { paint: noPaint, width: 80, home: '/h' });

const findings: Finding[] = [
  { id: 'git.version', severity: 'ok', title: 'git 2.39' },
  {
    id: 'room.disk',
    severity: 'warning',
    title: '7.1 GB free in ~/work',
    reason: 'The install needs 3.9 GB; kernels need more.',
  },
  {
    id: 'docker.permission',
    severity: 'blocker',
    title: 'Docker does not answer',
    reason: '/var/run/docker.sock: permission denied, because you are not in the group docker.',
    next: [{ purpose: 'join it, then log in again', command: 'sudo usermod -aG docker $USER' }],
  },
];

describe('findingsScreen', () => {
  it('puts what stops before what is good to know, with remedies', () => {
    expect(findingsScreen('dev2109', findings, look)).toEqual([
      '  This machine cannot hold dev2109 yet: 1 thing to fix, 1 to know.',
      '',
      '  ✖ Docker does not answer',
      '      /var/run/docker.sock: permission denied, because you are not in the group',
      '      docker.',
      '      join it, then log in again:  sudo usermod -aG docker $USER',
      '  ! 7.1 GB free in ~/work',
      '      The install needs 3.9 GB; kernels need more.',
      '',
      '  Nothing has been written.',
    ]);
  });
});
