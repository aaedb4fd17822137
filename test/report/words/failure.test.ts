// The screen of a failure, word by word, and every code on one.
import { describe, expect, it } from 'vitest';
import { factsOf } from '../../../src/cli/ending.ts';
import { Failure, failureMeanings, type FailureCode } from '../../../src/failure.ts';
import type { FailureFacts } from '../../../src/report/events.ts';
import { lookOf, noPaint } from '../../../src/report/style.ts';
import { failureScreen } from '../../../src/report/words/failure.ts';

const look = (width = 80) =>
  lookOf({ color: false, unicode: true, live: true }, { paint: noPaint, width, home: '/home/you' });

const facts: FailureFacts = {
  code: 'BAI-PYTHON-RESOLVE',
  reason: 'The packages of manager could not be resolved as of 2022-10-15.',
  exit: 6,
  retryable: false,
  next: [
    { purpose: 'use an index that has them', command: 'bai-dev install -e dev --index https://h' },
    { purpose: 'continue', command: 'bai-dev install -e dev' },
  ],
  lines: ['  × No solution found:', '  ╰─▶ aiohttp~=3.8'],
  facts: { why: 'The package index gives no upload dates.' },
  step: { id: 'virtualenv:manager', title: 'manager', group: 'Virtualenvs' },
  log: '/home/you/.local/state/bai-dev/environments/dev/install.log',
};

describe('failureScreen', () => {
  it('says what, why, what next and where', () => {
    expect(failureScreen({ command: 'install', failure: facts, line: 812 }, look())).toEqual([
      '✖ Virtualenvs › manager                                       BAI-PYTHON-RESOLVE',
      '  The packages of manager could not be resolved as of 2022-10-15.',
      '',
      '      × No solution found:',
      '      ╰─▶ aiohttp~=3.8',
      '',
      '  Why    The package index gives no upload dates.',
      '  Next   use an index that has them:   bai-dev install -e dev --index https://h',
      '         continue:                     bai-dev install -e dev',
      '  Log    ~/.local/state/bai-dev/environments/dev/install.log (line 812)',
      '',
      '  Nothing is lost. The same command continues where this one stopped.',
    ]);
  });

  it('keeps commands whole on a narrow terminal', () => {
    const lines = failureScreen({ command: 'install', failure: facts }, look(40));
    expect(lines).toContain('           bai-dev install -e dev --index https://h');
    expect(lines.slice(0, 4)).toEqual([
      '✖ Virtualenvs › manager',
      '  BAI-PYTHON-RESOLVE',
      '  The packages of manager could not be',
      '  resolved as of 2022-10-15.',
    ]);
  });

  it('shows at most the last 20 lines of a command', () => {
    const lines = Array.from({ length: 30 }, (_, at) => `line ${at}`);
    const screen = failureScreen({ command: 'install', failure: { ...facts, lines } }, look());
    expect(screen.filter((line) => line.includes('line ')).length).toBe(20);
    expect(screen).toContain('    line 29');
  });

  it('promises nothing where nothing was begun', () => {
    const early: FailureFacts = {
      ...{ code: 'BAI-USAGE', reason: 'No.', exit: 2, retryable: false },
      ...{ next: [], lines: [], facts: {} },
    };
    const screen = failureScreen({ command: 'install', failure: early }, look());
    expect(screen[0]).toBe(
      '✖ bai-dev install                                                      BAI-USAGE',
    );
    expect(screen.join('\n')).not.toContain('Nothing is lost');
  });

  it('of a no is one plain line', () => {
    const failure = factsOf(new Failure('BAI-DECLINED', 'Nothing has been changed.'), {
      command: 'delete',
      argv: ['delete'],
      version: '1',
      node: 'v20',
      log: undefined,
    });
    expect(failureScreen({ command: 'delete', failure }, look())).toEqual([
      'Cancelled. Nothing has been changed.',
    ]);
  });

  it.each((Object.keys(failureMeanings) as FailureCode[]).filter((code) => code !== 'BAI-DECLINED'))(
    '%s has a screen with something to do next',
    (code) => {
      const failure = factsOf(new Failure(code, 'It went wrong.'), {
        command: 'install',
        argv: ['install'],
        version: '1',
        node: 'v20',
        log: undefined,
      });
      const screen = failureScreen({ command: 'install', failure }, look());
      expect(screen[0]).toMatch(new RegExp(`^✖ bai-dev install +${code}$`));
      expect(screen[1]).toBe('  It went wrong.');
      expect(screen.find((line) => line.startsWith('  Next   '))).toMatch(/: {3}bai-dev /);
    },
  );
});
