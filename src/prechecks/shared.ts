// Is what the daemons of all environments share on a machine in somebody else's hands?
import { giveWay, strangerOf, strangersPath, untouchable, type Stranger } from '../daemons/shared.ts';
import { Failure } from '../failure.ts';
import type { Finding } from '../report/events.ts';
import type { World } from '../world.ts';
import type { Checked, Draft } from './draft.ts';

/**
 * The folder of their sockets is a blocker: the manager's command that makes the schema waits there for ever. A file
 * that one daemon touches when it starts keeps only that daemon from it, and is a warning.
 */
export async function checkShared(world: World, { release }: Draft): Promise<Checked<never>> {
  const findings: Finding[] = [];
  const stranger = await strangerOf(world).catch((error: unknown) => {
    if (error instanceof Failure) return undefined;
    throw error;
  });
  if (stranger !== undefined) {
    findings.push({ ...findingOf(stranger), severity: 'blocker', reason: strangersPath(stranger) });
  }
  for (const [name, component] of Object.entries(release.components)) {
    const found = await untouchable(world, component);
    if (found === undefined) continue;
    const reason = `${name} touches this file when it starts, and ends where it may not.`;
    findings.push({ ...findingOf(found), severity: 'warning', reason });
  }
  return { findings };
}

const findingOf = (stranger: Stranger): Pick<Finding, 'id' | 'title' | 'next'> => ({
  id: 'shared.owner',
  title: `${stranger.path} belongs to ${stranger.owner}`,
  next: [giveWay(stranger)],
});
