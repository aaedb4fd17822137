// Any error becomes facts with something to do next.
import { describe, expect, it } from 'vitest';
import { factsOf, interruption, type Ended } from '../../src/cli/ending.ts';
import { Failure, failureMeanings, type FailureCode } from '../../src/failure.ts';

const ended: Ended = {
  command: 'install',
  argv: ['install', '-e', 'my env'],
  version: '1.2.3',
  node: 'v20.1.0',
  log: '/state/install.log',
};

describe('factsOf', () => {
  it.each(Object.keys(failureMeanings) as FailureCode[])(
    '%s has its exit status and a next command',
    (code) => {
      const facts = factsOf(new Failure(code, 'It went wrong.'), ended);
      const { exit, retryable } = failureMeanings[code];
      expect(facts).toMatchObject({
        code,
        exit,
        retryable,
        reason: 'It went wrong.',
        log: '/state/install.log',
      });
      expect(facts.next).toHaveLength(1);
      expect(facts.next[0]?.command).toMatch(/^bai-dev /);
    },
  );

  it('keeps what a failure brought', () => {
    const more = {
      next: [{ purpose: 'again', command: 'bai-dev install' }],
      lines: ['last'],
      facts: { path: '/x' },
      step: { id: 'source:a', title: 'a', group: 'Sources' },
      log: '/other.log',
      exit: 143,
    };
    expect(factsOf(new Failure('BAI-COMMAND', 'No.', more), ended)).toEqual({
      code: 'BAI-COMMAND',
      reason: 'No.',
      retryable: false,
      ...more,
    });
  });

  it('takes any other error for our mistake, with versions and no stack', () => {
    const facts = factsOf(new TypeError('x is undefined'), { ...ended, reportAt: 'https://host/issues' });
    expect(facts).toMatchObject({
      code: 'BAI-INTERNAL',
      exit: 1,
      reason: 'This is a mistake of bai-dev 1.2.3 on Node v20.1.0: x is undefined',
      next: [
        { purpose: 'see where', command: "bai-dev install -e 'my env' --verbose" },
        { purpose: 'report it, with the log', command: 'https://host/issues' },
      ],
    });
    expect(JSON.stringify(facts)).not.toContain('.ts:');
  });

  it('survives what is no error at all', () => {
    expect(factsOf('text', ended).reason).toContain('text');
  });
});

describe('interruption', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s ends with %i', (signal, exit) => {
    expect(interruption(signal, ['install'], 'a1b2').exit).toBe(exit);
  });

  it.each([
    [['install', '--yes'], 'a1b2', 'bai-dev install --yes -e a1b2'],
    [['install', '-e', 'dev'], 'dev', 'bai-dev install -e dev'],
    [['install'], undefined, 'bai-dev install'],
  ])('names the command that continues %j', (argv, id, command) => {
    expect(interruption('SIGINT', argv, id).more.next?.[0]?.command).toBe(command);
  });
});
