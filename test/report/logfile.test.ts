// The log: nothing before it is opened, everything after, and only for its owner.
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAppender } from '../../src/host/append.ts';
import { logFile } from '../../src/report/logfile.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
beforeEach(() => (box = sandbox()));
afterEach(() => box.remove());

const at = '2026-01-02T03:04:05.006Z';
const open = () => logFile({ home: '/home/you', now: () => new Date(at), open: openAppender });

describe('logFile', () => {
  it('keeps what comes before it is opened, and enters it then', () => {
    const path = join(box.folder, 'install.log');
    const log = open();
    log.emit({ kind: 'note', message: 'first', severity: 'note' });
    expect(log.path()).toBeUndefined();
    log.emit({ kind: 'log-opened', path });
    log.emit({ kind: 'command-output', stream: 'stdout', line: 'second' });
    log.note(['third']);
    log.close();
    expect(readFileSync(path, 'utf8')).toBe(
      [`${at} first`, `${at} log: ${path}`, `${at}   | second`, `${at} third`, ''].join('\n'),
    );
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(log.path()).toBe(path);
  });

  it('goes on in an old log and knows the line of the first failure', () => {
    const path = join(box.folder, 'install.log');
    writeFileSync(path, 'old\nolder\n');
    const log = open();
    log.emit({ kind: 'log-opened', path });
    const failed = { kind: 'step-ended', title: 'a', group: 'A', outcome: 'failed', seconds: 1 } as const;
    log.emit({ ...failed, step: 'a', reason: 'this one' });
    log.emit({ ...failed, step: 'b', reason: 'not this one' });
    log.close();
    const line = log.failureLine()!;
    expect(readFileSync(path, 'utf8').split('\n')[line - 1]).toContain('this one');
  });

  it('writes nothing if it is never opened', () => {
    const log = open();
    log.emit({ kind: 'note', message: 'first', severity: 'note' });
    log.close();
    expect(log.path()).toBeUndefined();
  });

  it('survives a path that cannot be written', () => {
    const path = join(box.folder, 'folder');
    mkdirSync(path);
    const log = open();
    log.emit({ kind: 'log-opened', path });
    log.note(['lost']);
    log.close();
    expect(log.failureLine()).toBeUndefined();
  });
});
