// What is wrong with a machine, as a table: found beforehand it is told before anything is written; met on the way
// the same command goes on once it is mended.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { difference, dockerThings, snapshot } from '../rig/inventory.ts';
import type { Home, Start } from '../rig/program.ts';
import { putStandInRelease } from '../rig/release.ts';
import { requires } from '../rig/require.ts';
import { engineBehind, holdPort, staleSocket, versionOnly } from '../rig/sockets.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { recordOf } from '../rig/state.ts';

const needed = requires('docker', 'network', 'pyenv', 'root');
/** A release that claims to need nothing, so that no precheck stops it. */
const frugal = '99.02';
const nobody = { uid: 65_534, gid: 65_534 };

/** How a fault is brought about, and what is said on the command line besides. */
interface Fault extends Partial<Start> {
  readonly say?: readonly string[];
}

describe.skipIf(needed.skip)(needed.title('machine faults'), { timeout: 120_000 }, () => {
  let stage: Stage;
  const mending: (() => unknown)[] = [];

  beforeAll(async () => {
    stage = await openStage();
    putStandInRelease(stage.program, stage.standIns, { version: frugal, needs: { disk: 1, memory: 1 } });
  });

  afterEach(async () => {
    stage.index.fault = 'none';
    for (const mend of mending.splice(0).reverse()) await mend();
  });

  afterAll(async () => {
    await stage.close();
  });

  const socket = (home: Home): string => join(home.folder, 'docker.sock');

  const foundBeforehand: readonly (readonly [
    name: string,
    finding: string,
    make: (home: Home, id: string) => Fault | Promise<Fault>,
  ])[] = [
    [
      'no Docker socket',
      'docker.socket',
      (home) => ({ variables: { DOCKER_HOST: `unix://${socket(home)}` } }),
    ],
    [
      'a Docker socket of others',
      'docker.permission',
      (home) => {
        giveAway(stage, home);
        return { user: nobody, variables: { DOCKER_HOST: 'unix:///var/run/docker.sock' } };
      },
    ],
    [
      'a Docker engine that was killed',
      'docker.down',
      (home) => {
        staleSocket(socket(home));
        return { variables: { DOCKER_HOST: `unix://${socket(home)}` } };
      },
    ],
    [
      'a Docker engine of 2018',
      'docker.version',
      async (home) => {
        const old = await versionOnly(socket(home), { ApiVersion: '1.38', Version: '18.06.0' });
        mending.push(old.close);
        return { variables: { DOCKER_HOST: old.address } };
      },
    ],
    [
      "a stranger's container of a name we need",
      'docker.names',
      (_home, id) => {
        const name = `${id}-backendai-half-db-1`;
        execFileSync('docker', ['create', '--name', name, 'postgres:13.7-alpine'], { stdio: 'ignore' });
        mending.push(() => execFileSync('docker', ['rm', '-f', '-v', name], { stdio: 'ignore' }));
        return {};
      },
    ],
    [
      'an index that closes every connection',
      'index.',
      () => {
        stage.index.fault = 'closed';
        return {};
      },
    ],
    [
      'an index that never answers',
      'index.',
      () => {
        stage.index.fault = 'stalls';
        return {};
      },
    ],
    [
      'an index out of order',
      'index.',
      () => {
        stage.index.fault = 'errors';
        return {};
      },
    ],
    [
      'an index without upload times',
      'index.',
      () => {
        stage.index.fault = 'no-upload-times';
        return {};
      },
    ],
    [
      'a page to log in with instead of an index',
      'index.',
      () => {
        stage.index.fault = 'login-page';
        return {};
      },
    ],
    [
      'a port that was asked for and is taken',
      'ports.taken',
      async () => {
        const held = await holdPort();
        mending.push(held.close);
        return { say: ['--postgres-port', String(held.port)] };
      },
    ],
    [
      'an install path with something in it',
      'path.occupied',
      (home) => {
        mkdirSync(join(home.home, 'work'));
        writeFileSync(join(home.home, 'work/thesis.txt'), 'mine\n');
        return { say: ['--install-path', join(home.home, 'work')] };
      },
    ],
    [
      'an install path where nothing can be written',
      'path.not-writable',
      (home) => {
        giveAway(stage, home);
        mkdirSync(join(home.folder, 'closed'), { mode: 0o755 });
        return { user: nobody, say: ['--install-path', join(home.folder, 'closed/dev')] };
      },
    ],
    [
      'a disk that is too small',
      'room.disk',
      (home) => {
        const disk = join(home.folder, 'disk');
        smallDisk(disk, '8m');
        return { say: ['--install-path', join(disk, 'dev')] };
      },
    ],
    [
      'a Python that was built without ssl',
      'python.',
      (home) => {
        withoutSsl(join(home.home, '.pyenv/versions/3.9.18'));
        return { say: ['--python-version', '3.9.18'] };
      },
    ],
    ['no Python of the version', 'python.', () => ({ say: ['--python-version', '3.4'] })],
    ['no git', 'git.', (home) => ({ variables: { PATH: pathWithout(home, 'git') } })],
    [
      'a virtualenv of a name we need',
      'names.virtualenvs',
      (home, id) => {
        mkdirSync(join(home.home, `.pyenv/versions/venv-${id}-manager`));
        return {};
      },
    ],
  ];

  it.each(foundBeforehand)('%s is told before anything is written', async (_name, finding, make) => {
    const home = stage.home();
    const id = stage.id('fault');
    const { say = [], ...more } = await make(home, id);
    const look = { times: true };
    const before = snapshot(home.folder, look);
    const things = dockerThings(id);
    const ended = await stage.run(home, stage.install(id, ...say), more);
    expect(ended.envelope?.failure, ended.stdout + ended.stderr).toMatchObject({ code: 'BAI-PRECHECK' });
    expect(ended.exit).toBe(3);
    const blockers = findingsOf(ended.lines).filter(({ severity }) => severity === 'blocker');
    expect(blockers.map((one) => one.id)).toContainEqual(expect.stringContaining(finding));
    for (const one of blockers) {
      expect(one.reason ?? '').not.toBe('');
      expect(one.next ?? []).not.toEqual([]);
    }
    expect(difference(before, snapshot(home.folder, look))).toEqual([]);
    expect(dockerThings(id)).toEqual(things);
  });

  const metOnTheWay: readonly (readonly [
    name: string,
    exit: number,
    make: (
      home: Home,
    ) => (Fault & { readonly mend: () => unknown }) | Promise<Fault & { readonly mend: () => unknown }>,
  ])[] = [
    ...(['wrong-content', 'resets-midway'] as const).map(
      (fault) =>
        [
          `an index whose files have the fault "${fault}"`,
          8,
          () => {
            stage.index.fault = fault;
            return { mend: () => (stage.index.fault = 'none') };
          },
        ] as const,
    ),
    [
      'a Docker engine that dies midway',
      7,
      async (home) => {
        await engineBehind(socket(home), /POST \S*\/containers\/create/);
        return {
          variables: { DOCKER_HOST: `unix://${socket(home)}` },
          mend: async () => {
            const alive = await engineBehind(socket(home));
            mending.push(alive.close);
          },
        };
      },
    ],
    [
      'a disk that fills up',
      6,
      (home) => {
        const disk = join(home.folder, 'disk');
        smallDisk(disk, '256k');
        return {
          say: ['--release', frugal, '--install-path', join(disk, 'dev')],
          mend: () => execFileSync('mount', ['-o', 'remount,size=64m', disk]),
        };
      },
    ],
  ];

  it.each(metOnTheWay)(
    '%s ends with %i, and the same command goes on afterwards',
    async (_name, exit, make) => {
      const home = stage.home();
      const id = stage.id('midway');
      const { say = [], mend, ...more } = await make(home);
      const failed = await stage.run(home, stage.install(id, ...say), { ...more, limit: 110 });
      expect(failed.exit, failed.stdout + failed.stderr).toBe(exit);
      const next = failed.envelope?.failure?.next.map(({ command }) => command) ?? [];
      expect(next).toContain(`bai-dev install -e ${id}`);
      expect(recordOf(home, id)?.phase).toBe('installing');

      await mend();
      const ended = await stage.run(home, stage.install(id, ...say), { ...more, limit: 110 });
      expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
      const deleted = await stage.run(home, ['delete', '-e', id, '--yes', '--no-snapshot'], more);
      expect(deleted.exit, deleted.stdout + deleted.stderr).toBe(0);
      expect(dockerThings(id)).toEqual({ containers: [], volumes: [], networks: [] });
    },
  );

  function smallDisk(path: string, size: string): void {
    mkdirSync(path);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]);
    mending.push(() => execFileSync('umount', ['-l', path]));
  }
});

interface Told {
  readonly id: string;
  readonly severity: string;
  readonly reason?: string;
  readonly next?: readonly unknown[];
}

function findingsOf(lines: readonly Readonly<Record<string, unknown>>[]): readonly Told[] {
  return lines.flatMap((line) => (line['kind'] === 'prechecks' ? (line['findings'] as Told[]) : []));
}

/** Lets a user who is not root run the program in this home. */
function giveAway(stage: Stage, home: Home): void {
  chmodSync(stage.program.folder, 0o755);
  const visit = (path: string): void => {
    if (lstatSync(path).isSymbolicLink()) return;
    chownSync(path, nobody.uid, nobody.gid);
    if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) visit(join(path, name));
  };
  visit(home.home);
  chmodSync(home.folder, 0o755);
}

/** The same Python without its module for TLS, as it is built where the library's headers are missing. */
function withoutSsl(version: string): void {
  const inside = (path: string): void => {
    const link = join(version, path);
    const real = execFileSync('readlink', ['-f', link], { encoding: 'utf8' }).trim();
    unlinkSync(link);
    mkdirSync(link);
    for (const name of readdirSync(real)) symlinkSync(join(real, name), join(link, name));
  };
  inside('lib');
  inside('lib/python3.9');
  inside('lib/python3.9/lib-dynload');
  const modules = join(version, 'lib/python3.9/lib-dynload');
  for (const name of readdirSync(modules)) if (name.startsWith('_ssl')) rmSync(join(modules, name));
}

/** A PATH with everything that is in the usual one, but for one program. */
function pathWithout(home: Home, program: string): string {
  const folder = join(home.folder, 'programs');
  mkdirSync(folder);
  for (const part of (home.variables['PATH'] ?? '').split(':').reverse()) {
    const names = lstatSync(part, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(part);
    for (const name of names.filter((one) => one !== program)) {
      rmSync(join(folder, name), { force: true });
      symlinkSync(join(part, name), join(folder, name));
    }
  }
  return folder;
}
