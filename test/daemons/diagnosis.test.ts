// Known causes: texts that real daemons wrote (facts 12.4, 13.8, 13.10, 14.5, 15.1), and what is made of them.
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/daemons/diagnosis.ts';

const tell = (...lines: string[]) =>
  diagnose({
    id: 'dev2109',
    name: 'manager',
    folder: '/work/dev/manager',
    lines,
    services: { postgres: 8101, redis: 8111, etcd: 8121 },
  });

const known: readonly (readonly [written: string, reason: RegExp, next: RegExp])[] = [
  [
    'ValueError: Missing valid docker_host.Either DOCKER_HOST or local sockets are not available.',
    /makes a Docker client/,
    /DOCKER_HOST=/,
  ],
  [
    "aiodocker.exceptions.DockerError: DockerError(900, 'Cannot connect to Docker Engine via unix:///nodocker.sock [x]')",
    /The Docker engine at unix:\/\/\/nodocker\.sock does not answer/,
    /docker info/,
  ],
  ["{'manager': {'num-proc': 'value is greater than 2'}}", /higher than the 2 processors/, /manager\.toml/],
  [
    "ValueError: invalid literal for int() with base 10: '18 (Debian 15.18-0+deb12u1)'",
    /PostgreSQL's version/,
    /bai-dev install -e dev2109/,
  ],
  ["trafaret.dataerror.DataError: {'docker': DataError('is required')}", /image registry/, /install -e/],
  ["DataError: {'docker': {'registry': value is not a dict}}", /image registry/, /install -e/],
  ["KeyError: 'getpwuid(): uid not found: 1001'", /belong to user 1001/, /chown -R/],
  [
    "Validation of agent configuration has failed: {'api': {'manager': {'ssl-cert': 'no such file'}}}",
    /TLS key pair/,
    /install -e/,
  ],
  ['    assert static_path.is_dir()', /web UI/, /install -e/],
  [
    "FileNotFoundError: [Errno 2] No such file or directory: '/x/ai/backend/web/static/index.html'",
    /web UI/,
    /install -e/,
  ],
  [
    "ModuleNotFoundError: No module named 'pkg_resources'",
    /module pkg_resources is missing/,
    /exec dev2109 manager -- /,
  ],
  [
    "ImportError: cannot import name 'soft_unicode' from 'markupsafe'",
    /does not have soft_unicode/,
    /pip list/,
  ],
  ['TypeError: Descriptors cannot not be created directly.', /protobuf is too new/, /pip list/],
  [
    "OSError: [Errno 98] error while attempting to bind on address ('127.0.0.1', 8091): address already in use",
    /Port 8091 is held/,
    /ss -ltnp/,
  ],
  [
    "ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', 8111)",
    /redis does not answer on port 8111/,
    /bai-dev status dev2109/,
  ],
  ["OSError: [Errno 111] Connect call failed ('127.0.0.1', 9999)", /on port 9999/, /status/],
  ['ConnectionRefusedError', /does not answer there/, /status/],
  [
    'asyncpg.exceptions.InvalidPasswordError: password authentication failed for user "postgres"',
    /does not accept the password/,
    /install -e/,
  ],
  [
    "PermissionError: [Errno 13] Permission denied: '/tmp/backend.ai/ipc/manager-logger-7.sock'",
    /\/tmp\/backend\.ai\/ipc\/manager-logger-7\.sock belongs to another user/,
    /ls -ld \/tmp\/backend\.ai$/m,
  ],
  [
    "PermissionError: [Errno 13] Permission denied: '/tmp/backendai-xfs-file-lock'",
    /\/tmp\/backendai-xfs-file-lock belongs to another user/,
    /sudo rm -r \/tmp\/backendai-xfs-file-lock$/m,
  ],
  [
    'Cannot use cgroup statistics collection mode unless the agent runs as root.',
    /Only root may read statistics/,
    /agent\.toml/,
  ],
  ['watching etcd to wait for the manager being available', /waits for the manager/, /--only manager/],
];

describe('a known cause', () => {
  it.each(known)('%s', (written, reason, next) => {
    const told = tell('INFO starting', written, 'terminated.');
    expect(told?.reason).toMatch(reason);
    expect(told?.reason).toMatch(/^\S.*\.$/);
    expect(told?.next.map(({ command }) => command).join('\n')).toMatch(next);
  });
});

it('takes the last of several, as that is what ended it', () => {
  const told = tell("No module named 'colorlog'", 'getpwuid(): uid not found: 7', 'bye');
  expect(told?.reason).toContain('belong to user 7');
});

it('claims nothing about what it does not know', () => {
  expect(tell('INFO all is well', 'ZeroDivisionError: division by zero')).toBeUndefined();
  expect(tell()).toBeUndefined();
});

it.each([
  [
    'a configuration that is only printed',
    ["{'api': {'manager': {'ssl-cert': None, 'ssl-privkey': None}}}", 'ERROR grpc: deadline exceeded'],
  ],
  [
    'an error that was overcome before the last one',
    [
      ...['ERROR x: ConnectionRefusedError', 'INFO connected'],
      ...['Traceback (most recent call last):', '  f()', 'ZeroDivisionError: x'],
    ],
  ],
])('takes no cause from %s', (_what, lines) => {
  expect(tell(...lines)).toBeUndefined();
});

it('takes the cause of an error from the one that led to it', () => {
  const told = tell(
    ...[
      'Traceback (most recent call last):',
      '  f()',
      "ModuleNotFoundError: No module named 'pkg_resources'",
      '',
    ],
    ...['During handling of the above exception, another exception occurred:', ''],
    ...['Traceback (most recent call last):', '  g()', 'RuntimeError: could not start', 'terminated.'],
  );
  expect(told?.reason).toContain('pkg_resources');
});
