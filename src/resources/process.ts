// A daemon that runs: one process, known by its ID and the moment it began.
import { Failure } from '../failure.ts';
import { carries, standsIn } from '../host/living.ts';
import { endProcesses, processStart } from '../host/proc.ts';
import type { World } from '../world.ts';
import type { ResourceHandling } from './handling.ts';
import type { ResourceOf } from './resource.ts';

/** Ends it gently, and by force after a while. What it started is not looked for here. */
export const processKind: ResourceHandling<'process'> = {
  describe: ({ name, pid }) => `process ${name} (${pid})`,
  exists: isOurs,
  remove: async (world, resource) => {
    if (!(await isOurs(world, resource))) return 'absent';
    const [stubborn] = await endProcesses([resource.pid]);
    if (stubborn === undefined) return 'removed';
    throw new Failure('BAI-LEFTOVERS', `Process ${stubborn} (${resource.name}) cannot be ended.`, {
      next: [{ purpose: 'look at it', command: `ps -fp ${stubborn}` }],
    });
  },
};

/**
 * True if the process lives and is provably the one that was recorded: the same ID, the same start and, as IDs and
 * starts may meet again after a restart of the machine, the environment's mark or the folder it was started in.
 */
async function isOurs(world: World, { pid, started, folder }: ResourceOf<'process'>): Promise<boolean> {
  if ((await processStart(pid)) !== started) return false;
  if (world.host.platform !== 'linux') return true;
  const id = world.marks['BAI_DEV_ENVIRONMENT'];
  if (id !== undefined && (await carries(pid, 'BAI_DEV_ENVIRONMENT', id))) return true;
  return (await standsIn(pid)) === folder;
}
