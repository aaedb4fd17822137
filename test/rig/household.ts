// Processes of an environment's daemons, found by what they carry: as a test looks for them, not as the program does.
import { readdirSync, readFileSync } from 'node:fs';

/** Processes that carry an environment's mark, and that of a daemon and of an owner where these are named. */
export function carrying(id: string, name?: string, owner?: string): number[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        const isAlive = !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
        return (
          isAlive &&
          variables.includes(`BAI_DEV_ENVIRONMENT=${id}`) &&
          (owner === undefined || variables.includes(`BAI_DEV_OWNER=${owner}`)) &&
          (name === undefined
            ? variables.some((one) => one.startsWith('BAI_DEV_DAEMON='))
            : variables.includes(`BAI_DEV_DAEMON=${name}`))
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** The process that a process descends from; 0 if it is gone. */
export function parentOf(pid: number): number {
  try {
    return Number(/\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  } catch {
    return 0;
  }
}
