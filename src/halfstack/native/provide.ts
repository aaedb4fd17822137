// Makes sure that the servers an environment has chosen are there: the very ones, never another version.
import type { Server, ServerRole, Servers } from '../../environment/servers.ts';
import { Failure } from '../../failure.ts';
import { isProgram } from '../../host/path.ts';
import type { StepControl } from '../../plan/step.ts';
import type { World } from '../../world.ts';
import { fetchServer, isFetched } from './fetch.ts';
import { versionOf } from './installed.ts';
import { sameLine } from './version.ts';

/** How many numbers of a version must stay the same for the data to be readable: 13.x, 7.x, 3.4.x. */
const places: Readonly<Record<ServerRole, number>> = { postgres: 1, redis: 1, etcd: 2 };

const names: Readonly<Record<ServerRole, string>> = { postgres: 'PostgreSQL', redis: 'Redis', etcd: 'etcd' };

/** True if nothing needs to be fetched. Only looks, and runs nothing. */
export async function areProvided({ host }: World, servers: Servers): Promise<boolean> {
  const there = await Promise.all(
    Object.values(servers).map((server) =>
      server.source === 'path' ? isProgram(server.program) : isFetched(host, server),
    ),
  );
  return there.every(Boolean);
}

/**
 * Fetches the packages that are not in the cache, all at once, and looks whether the system's own programs are
 * still what was chosen. Throws `BAI-ENGINE` if one is gone or has become another version, `BAI-NETWORK`,
 * `BAI-INDEX` or `BAI-HASH` if a package is not to be had.
 */
export async function provide(
  world: World,
  { servers, index }: { readonly servers: Servers; readonly index: string },
  control: Pick<StepControl, 'progress'>,
): Promise<void> {
  const counts = new Map<string, { done: number; total: number }>();
  const progress = (detail: string, count?: { done: number; total: number }): void => {
    if (count !== undefined) counts.set(detail, count);
    const all = [...counts.values()];
    const sum = (key: 'done' | 'total'): number => all.reduce((total, one) => total + one[key], 0);
    control.progress(detail, count && { done: sum('done'), total: sum('total') });
  };
  const ends = await Promise.allSettled(
    Object.entries(servers).map(([role, server]) =>
      server.source === 'path'
        ? assertSame(world, role as ServerRole, server)
        : fetchServer(world, { wanted: server, index, progress }),
    ),
  );
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** Throws `BAI-ENGINE` if a program of the system is gone, or now is of a version that cannot read old data. */
export async function assertSame(
  world: World,
  role: ServerRole,
  { program, version }: Extract<Server, { source: 'path' }>,
): Promise<void> {
  const now = (await isProgram(program)) ? (await versionOf(world, role, program)).version : undefined;
  if (now !== undefined && sameLine(now, version, places[role])) return;
  const fault = now === undefined ? 'is not there any more' : `is ${now} now`;
  throw new Failure(
    'BAI-ENGINE',
    `This environment's data was made by ${names[role]} ${version} at ${program}, which ${fault}. Another version may not be able to read it.`,
    {
      facts: { role, program, version, ...(now === undefined ? {} : { now }) },
      next: [{ purpose: `install ${names[role]} ${version} there, then`, command: 'bai-dev start' }],
    },
  );
}
