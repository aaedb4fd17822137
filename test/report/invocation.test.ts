// Commands in any text become what the user has to type.
import { describe, expect, it } from 'vitest';
import { rewriteTo } from '../../src/report/invocation.ts';

const commands = ['install', 'start', 'snapshot'];

describe('rewriteTo', () => {
  const npx = rewriteTo('npx bai-dev', commands);

  it.each([
    ['bai-dev install -e dev2109', 'npx bai-dev install -e dev2109'],
    [
      'Fix it with bai-dev start a; then bai-dev snapshot list.',
      'Fix it with npx bai-dev start a; then npx bai-dev snapshot list.',
    ],
    ['bai-dev --help', 'npx bai-dev --help'],
    ['bai-dev <command> --help', 'npx bai-dev <command> --help'],
  ])('rewrites the commands in %j', (text, wanted) => expect(npx(text)).toBe(wanted));

  it.each([
    ['bai-dev did not make it'],
    ['bai-dev installs nothing'],
    ['~/.local/state/bai-dev install'],
    ['dev.bai-dev start'],
    ['npx bai-dev install'],
    ['bai-dev install  dev2109 · docker'],
    ['✖ bai-dev install        BAI-INDEX'],
  ])('leaves %j alone', (text) => expect(npx(text)).toBe(text));

  it('takes a path with characters that mean something to a replacement', () => {
    expect(rewriteTo("'/a $& b/bin.js'", commands)('bai-dev start x')).toBe("'/a $& b/bin.js' start x");
  });

  it('is idempotent', () => expect(npx(npx('bai-dev start x'))).toBe('npx bai-dev start x'));
});
