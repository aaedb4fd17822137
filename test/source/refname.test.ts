import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { refFault } from '../../src/source/refname.ts';

it.each(['21.03', 'feature/x', 'refs/heads/21.03', '6eb0661', 'v1.0+local', 'ünï', 'a-b'])(
  '%j is a name',
  (name) => {
    expect(refFault(name)).toBeUndefined();
    execFileSync('git', ['check-ref-format', '--allow-onelevel', name]);
  },
);

it.each([
  ...[
    '',
    '-x',
    '--upload-pack=x',
    'a..b',
    'a b',
    'a\tb',
    'a\nb',
    'a\u0001b',
    'a\u007fb',
    'a~1',
    'a^',
    'a:b',
    'a?',
  ],
  ...['a*', '[a', 'a\\b', 'a@{1}', '/a', 'a/', 'a//b', '.a', 'a/.b', 'a.lock', 'a.', '@', 'HEAD'],
])('%j is none', (name) => {
  expect(refFault(name)).toMatch(/^(it |git )/);
});
