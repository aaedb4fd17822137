// Plain lines: a long step speaks now and then, a result goes to stdout and everything else to stderr.
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/report/events.ts';
import { plainOutput } from '../../src/report/plain.ts';
import { lookOf, noPaint } from '../../src/report/style.ts';

function output(change: { verbose?: boolean; unicode?: boolean } = {}) {
  const written = { stdout: '', stderr: '', now: 0 };
  const style = { color: false, unicode: change.unicode ?? true, live: false };
  const look = lookOf(style, { paint: noPaint, width: Infinity, home: '/home/you' });
  const plain = plainOutput({
    stdout: (text) => (written.stdout += text),
    stderr: (text) => (written.stderr += text),
    look,
    resultLook: look,
    style,
    verbose: change.verbose ?? false,
    clock: () => written.now,
  });
  return { plain, written };
}

const step = { step: 'images', title: 'images', group: 'Halfstack' };

describe('plainOutput', () => {
  it('lets a long step speak every 15 s', () => {
    const { plain, written } = output();
    plain.emit({ kind: 'step-started', ...step });
    for (let second = 1; second <= 40; second += 1) {
      written.now = second * 1000;
      plain.emit({ kind: 'step-progress', step: 'images', detail: `${second} s` });
    }
    expect(written.stderr).toBe('Halfstack: images …\nimages: 15 s\nimages: 30 s\n');
  });

  it('tells everything with --verbose', () => {
    const { plain, written } = output({ verbose: true });
    plain.emit({ kind: 'command-output', stream: 'stderr', line: 'x' });
    plain.emit({ kind: 'step-progress', step: 'images', detail: 'now' });
    expect(written.stderr).toBe('  | x\nimages: now\n');
  });

  it('puts a result alone on stdout', () => {
    const { plain, written } = output();
    const value = {
      code: 'BAI-LOCKED',
      exit: 5,
      retryable: true,
      about: 'Another one works.',
      explanation: 'Wait.',
    } as const;
    plain.end({ ok: true, result: { command: 'explain', value } }, {});
    expect(written.stdout).toContain('BAI-LOCKED');
    expect(written.stderr).toBe('');
  });

  it('tells blockers once, with their remedies, at the end', () => {
    const { plain, written } = output();
    const findings: Finding[] = [{ id: 'git', severity: 'blocker', title: 'git is not there' }];
    plain.emit({
      kind: 'environment',
      command: 'install',
      id: 'dev',
      title: 'T',
      engine: 'docker',
      source: 'pypi',
      path: '/p',
    });
    plain.emit({ kind: 'prechecks', findings, seconds: 1 });
    plain.end(
      {
        ok: false,
        command: 'install',
        failure: {
          code: 'BAI-PRECHECK',
          reason: 'x',
          exit: 3,
          retryable: false,
          next: [],
          lines: [],
          facts: {},
        },
      },
      {},
    );
    expect(written.stderr.match(/git is not there/g)).toHaveLength(1);
    expect(written.stderr).toContain('This machine cannot hold dev yet: 1 thing to fix.');
    expect(written.stdout).toBe('');
  });

  it('shows a stack only with --verbose', () => {
    const failure = {
      code: 'BAI-INTERNAL',
      reason: 'x',
      exit: 1,
      retryable: false,
      next: [],
      lines: [],
      facts: {},
    } as const;
    for (const verbose of [false, true]) {
      const { plain, written } = output({ verbose });
      plain.end({ ok: false, command: 'guide', failure }, { stack: 'Error: x\n    at main.ts:1' });
      expect(written.stderr.includes('at main.ts:1')).toBe(verbose);
    }
  });

  it('keeps to ASCII where the locale has no more', () => {
    const { plain, written } = output({ unicode: false });
    plain.emit({ kind: 'step-started', ...step });
    expect(written.stderr).toBe('Halfstack: images ...\n');
  });
});
