// A daemon that runs: one process, known by its ID and the moment it began.
import { Failure } from '../failure.ts';
import { carriedBy } from '../host/family.ts';
import { standsIn } from '../host/living.ts';
import { realPath } from '../host/path.ts';
import { endProcesses, processStart, userOf } from '../host/proc.ts';
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
 * starts may meet again after a restart of the machine and in a copied record, this user and the environment's marks.
 * One without an owner was started by an older bai-dev, or wrote over its variables: it stands where it was started.
 */
async function isOurs(
  { host, marks }: World,
  { pid, started, folder }: ResourceOf<'process'>,
): Promise<boolean> {
  if ((await processStart(pid)) !== started || (await userOf(pid)) !== host.user.uid) return false;
  if (host.platform !== 'linux') return true;
  const { BAI_DEV_ENVIRONMENT: id, BAI_DEV_OWNER: owner } = await carriedBy(pid, [
    'BAI_DEV_ENVIRONMENT',
    'BAI_DEV_OWNER',
  ]);
  if (owner !== undefined) return owner === host.owner && id === marks['BAI_DEV_ENVIRONMENT'];
  return [folder, await realPath(folder)].includes((await standsIn(pid)) ?? '');
}
