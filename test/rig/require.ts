// What a test needs of the machine. Missing things skip it with a reason on a user's machine, never in CI.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { gitLfsFolder } from './lfs.ts';

export type Need = keyof typeof probes;

/** For `describe.skipIf(needed.skip)`; the reason belongs into the title, so that a skip is never silent. */
export interface Needed {
  readonly skip: boolean;
  readonly reason: string;
  /** A title that tells the reason when the test is skipped. */
  title(text: string): string;
}

/**
 * Looks whether everything named is there. What BAI_DEV_REQUIRE names (separated by commas) must be there:
 * then a missing thing is an error instead of a skip.
 */
export function requires(...needs: readonly Need[]): Needed {
  const missing = needs.flatMap((need) => {
    const reason = probe(need);
    return reason === undefined ? [] : [{ need, reason }];
  });
  const reason = missing.map((one) => one.reason).join('; ');
  const demanded = (process.env['BAI_DEV_REQUIRE'] ?? '').split(',').map((name) => name.trim());
  for (const name of demanded) {
    if (name !== '' && !(name in probes))
      throw new Error(`BAI_DEV_REQUIRE names "${name}", which nothing needs`);
  }
  const broken = missing.filter((one) => demanded.includes(one.need));
  if (broken.length > 0) throw new Error(`BAI_DEV_REQUIRE demands it, but ${reason}`);
  const skip = missing.length > 0;
  return { skip, reason, title: (text) => (skip ? `${text} (skipped: ${reason})` : text) };
}

/** Image tags of the halfstacks that Docker tests use; `.ci/images.sh` makes stand-ins. */
const images = [
  ...['postgres:13-alpine', 'postgres:13.1-alpine', 'postgres:13.7-alpine'],
  ...['redis:6.0.6-alpine', 'redis:6.0.9-alpine', 'redis:6.2.7-alpine'],
  ...['quay.io/coreos/etcd:v3.4.10', 'quay.io/coreos/etcd:v3.4.14', 'quay.io/coreos/etcd:v3.5.4'],
];

/** What is missing, as a few words; undefined if nothing is. */
const probes = {
  docker: () => {
    if (!answers('docker', ['version', '--format', '{{.Server.Version}}'])) return 'no Docker engine answers';
    return answers('docker', ['image', 'inspect', ...images])
      ? undefined
      : 'images of the halfstack are not there (bash .ci/images.sh)';
  },
  compose: () =>
    answers('docker', ['compose', 'version']) ? undefined : 'there is no docker compose plugin',
  compose1: () => (answers('docker-compose', ['version']) ? undefined : 'there is no docker-compose'),
  network: () =>
    answers('curl', ['-sfI', '-m', '8', 'https://pypi.org/simple/uv/']) ? undefined : 'PyPI does not answer',
  pyenv: () =>
    pyenvRoots().some((root) => existsSync(join(root, 'versions')))
      ? undefined
      : 'there is no pyenv with a Python',
  tmux: () => (answers('tmux', ['-V']) ? undefined : 'there is no tmux'),
  'git-lfs': () => (gitLfsFolder() === undefined ? 'there is no git-lfs (bash .ci/git-lfs.sh)' : undefined),
  'power cut': () =>
    answers('sh', ['-c', 'command -v mkfs.ext4 && command -v python3 && test -e /dev/loop-control'])
      ? undefined
      : 'there are no loop devices, or no mkfs.ext4',
  root: () => (process.getuid?.() === 0 ? undefined : 'only root can do it'),
} as const satisfies Record<string, () => string | undefined>;

const known = new Map<Need, string | undefined>();

function probe(need: Need): string | undefined {
  if (!known.has(need)) known.set(need, probes[need]());
  return known.get(need);
}

function pyenvRoots(): readonly string[] {
  return [process.env['PYENV_ROOT'] ?? '', join(homedir(), '.pyenv')].filter((root) => root !== '');
}

function answers(file: string, args: readonly string[]): boolean {
  return spawnSync(file, args, { stdio: 'ignore', timeout: 15_000 }).status === 0;
}
