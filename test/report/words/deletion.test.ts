import { describe, expect, it } from 'vitest';
import type { DeleteResult } from '../../../src/operations/delete.ts';
import { deletionScreen } from '../../../src/report/words/deletion.ts';
import { lookOf, noPaint } from '../../../src/report/style.ts';

const one: DeleteResult = {
  ...{ id: 'dev', outcome: 'deleted', removed: ['a', 'b'], kept: [], namesakes: [] },
  seconds: 2.3,
};
const look = lookOf(
  { color: false, unicode: true, live: true },
  { paint: noPaint, width: 80, home: '/home/you' },
);
const screen = (...results: readonly DeleteResult[]): string[] => deletionScreen(results, look);

describe('what is said of a deletion', () => {
  it('is how much went', () => {
    const [line = '', ...more] = screen(one);
    expect(line).toMatch(/^dev is deleted\. {10,}2 things removed in 2\.3 s$/);
    expect(more).toEqual([]);
  });

  it('is what stays', () => {
    expect(screen({ ...one, kept: ['folder ~/x'] }).slice(1)).toEqual([
      '',
      '  These stay:',
      '  · folder ~/x',
    ]);
  });

  it('is what only has such a name', () => {
    expect(screen({ ...one, namesakes: ['volume dev_mine'] }).slice(1)).toEqual([
      '',
      '  These are called like things of it; bai-dev did not make them and leaves them alone:',
      '  · volume dev_mine',
    ]);
  });

  it('is what a dry run would remove, save and leave', () => {
    expect(screen({ ...one, outcome: 'planned', kept: ['c'], work: ['~/x: 1 stash: WIP'] })).toEqual([
      'Deleting dev would remove 2 things:',
      '',
      '  · a',
      '  · b',
      '',
      '  These would be saved first:',
      '  · ~/x: 1 stash: WIP',
      '',
      '  These would stay:',
      '  · c',
      '',
      '  Nothing has been removed.',
    ]);
  });

  it('is how the rest is made again or removed, where parts were kept', () => {
    const lines = screen({ ...one, outcome: 'reduced', kept: ['volume x'] });
    expect(lines[0]).toContain('dev is partly deleted.');
    expect(lines.slice(-2)).toEqual([
      '  Make the rest again   bai-dev install -e dev',
      '  Remove all of it      bai-dev delete -e dev',
    ]);
  });

  it('is where work was saved, with the command that brings it back', () => {
    const rescued = { folder: '/s/rescued/dev/1', command: 'sh /s/rescued/dev/1/restore.sh FOLDER' };
    expect(screen({ ...one, rescued }).slice(-2)).toEqual([
      '  Work was saved in /s/rescued/dev/1. It is brought back by',
      '  sh /s/rescued/dev/1/restore.sh FOLDER',
    ]);
  });

  it('is told of each of several, and that there is none', () => {
    expect(screen(one, { ...one, id: 'two' }).filter((line) => line.includes('is deleted'))).toHaveLength(2);
    expect(screen()).toEqual(['There is no environment.']);
  });
});
