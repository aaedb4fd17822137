// What all users of a machine share in /tmp, in another user's hands: found before anything is made. Each command
// has a /tmp of its own, in which only the program and its home are the machine's.
import { chmodSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/report/events.ts';
import { buildProgram, freshHome, run, type Home, type Program } from '../rig/program.ts';
import { requires } from '../rig/require.ts';

const needed = requires('root');
const somebody = 4321;

describe.skipIf(needed.skip)(needed.title("another user's things in /tmp"), () => {
  let program: Program;
  let home: Home;
  beforeAll(() => {
    program = buildProgram();
    home = freshHome({ DOCKER_HOST: 'unix:///nowhere/docker.sock', PYENV_ROOT: '/nowhere' });
    chmodSync(program.folder, 0o755);
    chmodSync(home.folder, 0o777);
    chmodSync(home.home, 0o777);
  });
  afterAll(() => {
    program.remove();
    home.remove();
  });

  /** What a dry run of the release finds where `made` was done in /tmp before; for root or somebody. */
  async function findings(
    release: string,
    made: string,
    uid: number = somebody,
  ): Promise<readonly Finding[]> {
    const names = [program.folder, home.folder].map((folder) => basename(folder));
    const script = [
      'set -e',
      'mount --rbind /tmp /mnt',
      'mount -t tmpfs -o mode=1777 tmpfs /tmp',
      ...names.map((name) => `mkdir /tmp/${name}; mount --bind /mnt/${name} /tmp/${name}`),
      made,
      `exec setpriv --reuid=${uid} --regid=${uid} --clear-groups "$@"`,
    ].join('\n');
    const ended = await run({
      ...{ program, home },
      within: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh'],
      args: [
        ...['install', '-e', 'shared', '--release', release, '--index', 'http://127.0.0.1:1/simple'],
        ...['--engine', 'docker', '--source', 'pypi', '--dry-run', '--json'],
      ],
    });
    const told = ended.lines.find(({ kind }) => kind === 'prechecks');
    expect(told, ended.stdout + ended.stderr).toBeDefined();
    return (told?.['findings'] as Finding[]).filter(({ id }) => id === 'shared.owner');
  }

  it('are nothing to tell of where there is none, or where they are our own', async () => {
    expect(await findings('21.09', '')).toEqual([]);
    const own = `mkdir -p /tmp/backend.ai/ipc; touch /tmp/backendai-xfs-file-lock; chown -R ${somebody} /tmp/back*`;
    expect(await findings('21.09', own)).toEqual([]);
  });

  it('keep an install from beginning, with the owner and the way out', async () => {
    const theirs = 'mkdir -p /tmp/backend.ai/ipc; chown -R nobody /tmp/backend.ai';
    const blocker = {
      severity: 'blocker',
      title: '/tmp/backend.ai belongs to nobody',
      next: [{ purpose: 'once no daemon of nobody runs', command: 'sudo rm -r /tmp/backend.ai' }],
    };
    expect(await findings('21.03', theirs)).toMatchObject([blocker]);
    expect(await findings('21.03', theirs, 0)).toMatchObject([blocker]);
    const inside = `mkdir -p /tmp/backend.ai/ipc; chown ${somebody} /tmp/backend.ai; chown nobody /tmp/backend.ai/ipc`;
    expect(await findings('21.03', inside)).toMatchObject([
      { severity: 'blocker', title: '/tmp/backend.ai/ipc belongs to nobody' },
    ]);
  });

  it('are a warning where they keep one daemon from starting, of a release that touches them', async () => {
    const theirs = 'touch /tmp/backendai-xfs-file-lock; chown nobody /tmp/backendai-xfs-file-lock';
    expect(await findings('21.09', theirs)).toMatchObject([
      { severity: 'warning', title: '/tmp/backendai-xfs-file-lock belongs to nobody' },
    ]);
    expect(await findings('21.03', theirs)).toEqual([]);
    expect(await findings('21.09', theirs, 0)).toEqual([]);
    expect(await findings('21.09', `${theirs}; chmod 666 /tmp/backendai-xfs-file-lock`)).toEqual([]);
  });
});
