// What an agent leaves beside its process on purpose, so that its sessions outlive it (facts 6.3).
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { spellingsOf } from '../host/path.ts';
import { fileSize } from '../host/tail.ts';
import type { ResourceOf } from '../resources/resource.ts';
import type { Daemon } from './daemon.ts';
import { sharedFolder } from './shared.ts';

/** The agent names its things by a hash of the path of this file of its own. */
const hashedFile = 'src/ai/backend/agent/agent.py';

/**
 * The container that connects sessions with an agent, and the agent's list of sessions: by the tree's path as it is
 * given and, if another one, with all links resolved, since the agent may know itself by either.
 */
export async function relaysOf(
  { folder }: Pick<Daemon, 'folder'>,
  engine: string,
): Promise<ResourceOf<'relay'>[]> {
  return (await spellingsOf(folder)).map((path) => relayOf({ folder: path }, engine));
}

/** The same by exactly this path. */
export function relayOf({ folder }: Pick<Daemon, 'folder'>, engine: string): ResourceOf<'relay'> {
  const hash = createHash('md5').update(join(folder, hashedFile)).digest('hex').slice(0, 12);
  return {
    kind: 'relay',
    name: `backendai-socket-relay.${hash}`,
    engine,
    files: [
      join(sharedFolder, 'ipc', `last_registry.${hash}.dat`),
      join(sharedFolder, 'ipc', 'container', `agent.${hash}.sock`),
    ],
  };
}

/** True if the agent knew of no session when it ended: the pickle of an empty dictionary has five bytes. */
export async function isIdle({ files }: ResourceOf<'relay'>): Promise<boolean> {
  const [list = ''] = files;
  return ((await fileSize(list)) ?? 0) <= 5;
}
