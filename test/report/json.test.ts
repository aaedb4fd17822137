// One object per line, the envelope last.
import { describe, expect, it } from 'vitest';
import { jsonOutput } from '../../src/report/json.ts';

function lines(verbose: boolean): unknown[] {
  let text = '';
  const output = jsonOutput((part) => (text += part), { verbose });
  output.emit({ kind: 'note', message: 'a\nb', severity: 'note' });
  output.emit({ kind: 'command-output', stream: 'stdout', line: 'x' });
  output.pause();
  output.resume();
  output.end({ ok: true, result: { command: 'releases', value: [] } }, {});
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

describe('jsonOutput', () => {
  const note = { kind: 'note', message: 'a\nb', severity: 'note' };
  const envelope = { schema: 1, command: 'releases', ok: true, result: [] };

  it('is an object a line and the envelope last', () => {
    expect(lines(false)).toEqual([note, envelope]);
  });

  it('tells what children print only with --verbose', () => {
    expect(lines(true)).toEqual([note, { kind: 'command-output', stream: 'stdout', line: 'x' }, envelope]);
  });

  it('holds a failure', () => {
    let text = '';
    const failure = {
      code: 'BAI-USAGE',
      reason: 'x',
      exit: 2,
      retryable: false,
      next: [],
      lines: [],
      facts: {},
    } as const;
    jsonOutput((part) => (text += part), { verbose: false }).end(
      { ok: false, command: 'install', failure },
      {},
    );
    expect(JSON.parse(text)).toEqual({ schema: 1, command: 'install', ok: false, failure });
  });
});
