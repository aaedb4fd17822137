// Is what the daemons of all environments share on a machine in somebody else's hands?
import { giveWay, strangerOf, strangersPath, type Stranger } from '../daemons/shared.ts';
import { Failure } from '../failure.ts';
import { userName } from '../host/proc.ts';
import { mayWrite, ownerOf } from '../host/shared.ts';
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
  for (const [name, { daemon }] of Object.entries(release.components)) {
    for (const path of daemon?.touches ?? []) {
      const owner = await untouchable(world, path);
      if (owner === undefined) continue;
      const found = { path, owner };
      const reason = `${name} touches this file when it starts, and ends where it may not.`;
      findings.push({ ...findingOf(found), severity: 'warning', reason });
    }
  }
  return { findings };
}

const findingOf = (stranger: Stranger): Pick<Finding, 'id' | 'title' | 'next'> => ({
  id: 'shared.owner',
  title: `${stranger.path} belongs to ${stranger.owner}`,
  next: [giveWay(stranger)],
});

/** The owner of a file whose times this user cannot change; undefined where they can, or it is not there. */
async function untouchable({ host }: World, path: string): Promise<string | undefined> {
  const owner = await ownerOf(path);
  if (owner === undefined || owner === host.user.uid || (await mayWrite(path))) return undefined;
  return userName(owner);
}
