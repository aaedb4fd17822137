// Locks that the kernel gives back when their holder dies, also for those who cannot see its process: in another container.
import { execFile, spawn } from 'node:child_process';

/** Seconds to wait for somebody who only looks whether the lock is held. */
const patience = 10;

/**
 * Locks a file until the function that it gives is called or this process is gone, however it ends. A child of `flock`
 * (util-linux, BusyBox) holds it, as Node cannot: it ends with the pipe from this process. Undefined where there is no
 * such program, as on macOS, or the file system has no locks.
 */
export function holdFile(path: string): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    const child = spawn(
      'flock',
      ['-x', '-w', String(patience), path, 'sh', '-c', 'echo held; exec cat >/dev/null'],
      // in a group of its own: a Ctrl-C is for this process, which then gives the lock back
      { stdio: ['pipe', 'pipe', 'ignore'], detached: true },
    );
    const free = (): void => {
      child.stdin.destroy();
    };
    child.stdin.on('error', () => undefined);
    child.once('error', () => resolve(undefined));
    child.once('exit', () => resolve(undefined));
    child.stdout.once('data', () => {
      child.stdout.destroy();
      resolve(free);
    });
    // nothing waits for the child
    child.unref();
  });
}

/** True if somebody holds the lock of a file, in whatever container; undefined where that cannot be known. */
export function isHeld(path: string): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    execFile('flock', ['-s', '-n', path, 'true'], { timeout: patience * 1000 }, (error) => {
      resolve(error === null ? false : error.code === 1 ? true : undefined);
    });
  });
}
