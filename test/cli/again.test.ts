// What was typed stays in what is proposed, and no credentials do.
import { describe, expect, it } from 'vitest';
import { completed, completedEvent, withOption, type CommandLine } from '../../src/cli/again.ts';
import { parse } from '../../src/cli/program.ts';
import type { NextCommand } from '../../src/failure.ts';
import { wordsOf } from '../../src/quoted.ts';

const secret = 'hunter2';
const index = `https://me:${secret}@index.test/simple`;

function typed(line: string): CommandLine {
  const parsed = parse(wordsOf(line) ?? [], { version: '', width: 80 });
  if (parsed.kind !== 'call') throw new Error('no call');
  return parsed;
}

describe('completed', () => {
  it.each([
    // a wrong release: the same environment, not a new one
    [
      'install -e dev2109 --release 21.90',
      'bai-dev install --release 21.09',
      {},
      'bai-dev install -e dev2109 --release 21.09',
    ],
    [
      'install dev2109 --release 21.90 --yes',
      'bai-dev install --release 21.09',
      {},
      'bai-dev install dev2109 --release 21.09',
    ],
    [
      'install -e a --install-path "/x y" --start',
      'bai-dev install -e a --engine docker',
      {},
      "bai-dev install -e a --engine docker --install-path '/x y' --start",
    ],
    // options that exclude each other, and those that are to go
    [
      'install -e a --enable-cuda --yes',
      'bai-dev install -e a --enable-cuda-mock',
      {},
      'bai-dev install -e a --enable-cuda-mock',
    ],
    [
      'install -e a --ports 8100 --redis-port 1',
      'bai-dev install -e a',
      { without: ['redis-port'] },
      'bai-dev install -e a --ports 8100',
    ],
    // another action takes other options
    ['snapshot restore a first --no-snapshot --yes', 'bai-dev snapshot list', {}, 'bai-dev snapshot list'],
    // one component's value leaves those of the others
    [
      'install -e a --ref agent=x --ref manager=y',
      'bai-dev install -e a --ref agent=z',
      {},
      'bai-dev install -e a --ref agent=z --ref manager=y',
    ],
    // what the record holds need not be said again
    [
      'install -e a --index https://i.test/simple --start --tmux',
      'bai-dev install -e a',
      { keeps: 'how' },
      'bai-dev install -e a --start --tmux',
    ],
    // another ID is another environment, which nothing can be changed to
    [
      'install -e a --change --release 21.03',
      'bai-dev install -e ANOTHER-ID',
      {},
      'bai-dev install -e ANOTHER-ID --release 21.03',
    ],
    ['switch a --start', 'bai-dev switch b', {}, 'bai-dev switch b'],
    // another command has other options
    [
      'install -e a --start --tmux --yes',
      'bai-dev start a --only manager',
      {},
      'bai-dev start a --only manager --tmux',
    ],
    [
      'start a --force --timeout 600',
      'bai-dev start a --only manager',
      {},
      'bai-dev start a --only manager --force --timeout 600',
    ],
    ['start a --tmux', 'bai-dev start', { without: ['tmux'] }, 'bai-dev start a'],
    [
      'delete a b --skip-source',
      'bai-dev delete -e b --force',
      {},
      'bai-dev delete -e b --skip-source --force',
    ],
    ['delete --all --yes', 'bai-dev delete -e b', {}, 'bai-dev delete -e b'],
    [
      'exec a manager -- ls',
      'bai-dev exec a manager -- python -V',
      {},
      'bai-dev exec a manager -- python -V',
    ],
    // commands of a shell, and of others, are left alone
    ['install -e a --yes', 'cd /x && bai-dev install -e a', {}, 'cd /x && bai-dev install -e a'],
    ['install -e a --yes', 'sudo apt-get install tmux', {}, 'sudo apt-get install tmux'],
  ] as const)('%s: %s', (line, command, more, expected) => {
    const next: NextCommand = { purpose: 'again', command, ...more };
    expect(completed(next, typed(line))).toEqual({ purpose: 'again', command: expected });
  });

  it('replaces credentials, and says so', () => {
    const next = completed(
      { purpose: 'again', command: 'bai-dev install -e a' },
      typed(`install a --index ${index}`),
    );
    expect(next).toEqual({
      purpose: 'again, with yours for USER:PASSWORD',
      command: 'bai-dev install -e a --index https://USER:PASSWORD@index.test/simple',
    });
  });

  it.each([
    index,
    `http://${secret}@h/`,
    `https://me:p/${secret}@h/simple`,
    `postgresql://me:${secret}@h/db`,
  ])('has no credentials of %s without an commandLine', (url) => {
    const { command } = completed({ purpose: 'again', command: `bai-dev install --index=${url}` }, undefined);
    expect(command).not.toContain(secret);
  });

  it('keeps a user name that is no secret', () => {
    const command = 'git clone ssh://git@host/x';
    expect(completed({ purpose: 'look', command }, undefined).command).toBe(command);
  });
});

describe('completedEvent', () => {
  it('completes findings, and no event holds credentials', () => {
    const next = [{ purpose: 'use another', command: 'bai-dev install --index https://pypi.org/simple' }];
    const finding = {
      id: 'index',
      severity: 'blocker' as const,
      title: index,
      reason: `${index} fails`,
      next,
    };
    const event = completedEvent(
      { kind: 'prechecks', findings: [finding], seconds: 1 },
      typed('install -e a --yes'),
    );
    expect(JSON.stringify(event)).not.toContain(secret);
    expect(event).toMatchObject({
      findings: [{ next: [{ command: 'bai-dev install -e a --index https://pypi.org/simple' }] }],
    });
  });
});

describe('withOption', () => {
  it('puts it before what belongs to another program', () => {
    const argv = ['exec', 'a', 'manager', '--', 'ls'];
    expect(withOption(argv, '--verbose')).toEqual(['exec', 'a', 'manager', '--verbose', '--', 'ls']);
    expect(withOption(['list'], '--verbose')).toEqual(['list', '--verbose']);
  });
});
