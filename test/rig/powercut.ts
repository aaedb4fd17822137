// A disk of its own that can lose its power: an ext4 image on a loop device. What was not flushed is gone afterwards.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Disk {
  /** Where it is mounted. */
  readonly folder: string;
  /** From this moment on nothing is written any more: neither files nor the file system's journal. */
  cut(): void;
  /** Mounts it anew, as after the machine was started again. What still uses it is killed. */
  restart(): Promise<void>;
  remove(): Promise<void>;
}

/** EXT4_IOC_SHUTDOWN without a flush of the journal (EXT4_GOING_FLAGS_NOLOGFLUSH). */
const shutdown = `
import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack("I", 2))
`;

/** Needs root and loop devices. */
export function attachDisk(megabytes: number): Disk {
  const base = mkdtempSync(join(tmpdir(), 'bai-dev-disk-'));
  const image = join(base, 'image');
  const folder = join(base, 'mounted');
  const run = (file: string, ...args: string[]): void => {
    execFileSync(file, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 });
  };
  const mount = (): void => run('mount', '-o', 'loop', image, folder);
  const unmount = async (): Promise<void> => {
    for (const until = Date.now() + 20_000; ;) {
      for (const pid of usersOf(folder)) kill(pid);
      try {
        run('umount', folder);
        return;
      } catch (error) {
        if (Date.now() > until) throw error;
        await sleep(50);
      }
    }
  };
  mkdirSync(folder);
  run('truncate', '-s', `${megabytes}M`, image);
  run('mkfs.ext4', '-q', '-F', image);
  mount();
  return {
    folder,
    cut: () => run('python3', '-c', shutdown, folder),
    restart: async () => {
      await unmount();
      mount();
    },
    remove: async () => {
      await unmount();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

/** Processes that stand on the disk, run a program of it or were started with a home on it: those of the test alone. */
function usersOf(folder: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const uses = (pid: string): boolean =>
    ['cwd', 'exe'].some((link) => linkOf(`/proc/${pid}/${link}`).startsWith(`${folder}/`)) ||
    textOf(`/proc/${pid}/environ`).includes(`HOME=${folder}/`);
  return pids.filter(uses).map(Number);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended
  }
}
