// The screen of list, row by row.
import { describe, expect, it } from 'vitest';
import type { ListResult, ListRow } from '../../../src/operations/list.ts';
import { upstreamPorts } from '../../../src/environment/ports.ts';
import { widthOf } from '../../../src/report/layout.ts';
import { lookOf, noPaint } from '../../../src/report/style.ts';
import { listedIds, listScreen } from '../../../src/report/words/list.ts';

const look = (width = 120) =>
  lookOf({ color: false, unicode: true, live: true }, { paint: noPaint, width, home: '/home/you' });

const ready: ListRow = {
  id: 'dev2109',
  state: 'ready',
  runs: true,
  release: '21.09',
  engine: 'docker',
  halfstack: 'up',
  daemons: { running: ['manager', 'agent'], total: 4 },
  ports: upstreamPorts,
  path: '/home/you/work/dev2109',
};
const half: ListRow = {
  ...{ id: 'topic', state: 'half installed', runs: false, release: '21.09', halfstack: 'absent' },
  daemons: { running: [], total: 4 },
  path: '/home/you/topic',
  next: { purpose: 'continue', command: 'bai-dev install -e topic' },
};
const foreign: ListRow = {
  ...{
    id: 'a1b2c3',
    state: 'foreign',
    runs: true,
    halfstack: 'up',
    ports: [8101, 8111],
    path: '/home/you/old',
  },
  reason: 'made by install-dev.sh',
};
const result = (...environments: ListRow[]): ListResult => ({ environments, silent: [] });

describe('list', () => {
  it('has a row each, and a remark where something is to be done', () => {
    expect(listScreen(result(ready, half, foreign), look())).toEqual([
      '   ID       RELEASE  STATE           HALFSTACK  DAEMONS  PORTS  PATH',
      '●  dev2109  21.09    ready           up         2 of 4   8091…  ~/work/dev2109',
      '   topic    21.09    half installed  –          –               ~/topic   continue: bai-dev install -e topic',
      '●  a1b2c3            foreign         up         ?        8101…  ~/old   made by install-dev.sh',
    ]);
  });

  it('shows the block of ports that an environment leases', () => {
    const [, line] = listScreen(result({ ...ready, block: [27_000, 27_199] }), look());
    expect(line).toContain('  27000-27199  ');
  });

  it('says what to do where there is none', () => {
    expect(listScreen(result(), look())).toEqual([
      'There is no environment yet. Make one with   bai-dev install -e dev2109',
    ]);
  });

  it('keeps commands whole where it is narrow', () => {
    const lines = listScreen(result(ready, half), look(60));
    expect(lines).toContain('     continue: bai-dev install -e topic');
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(60);
  });

  it('tells of a switch that was cut off', () => {
    const next = [{ purpose: 'finish it', command: 'bai-dev switch dev2103' }];
    const cutOff = { target: 'dev2103', before: ['dev2109'], since: '', working: false, next };
    expect(listScreen({ ...result(ready), switch: cutOff }, look()).slice(-2)).toEqual([
      'A switch to dev2103 was cut off in its middle.',
      '  finish it:  bai-dev switch dev2103',
    ]);
  });

  it('gives programs the IDs of our own', () => {
    expect(listedIds(result(ready, half, foreign))).toEqual(['dev2109', 'topic']);
  });
});
