// Chooses the servers of a new environment: the machine's own where they fit, else packages known by their hashes.
import type { Server, ServerRole, Servers } from '../../environment/servers.ts';
import type { World } from '../../world.ts';
import { debianPackage } from './debian.ts';
import { isFetched } from './fetch.ts';
import { installedServer, type PassedOver } from './installed.ts';
import { loadOffers, type Offered } from './offers.ts';
import { isWithin } from './version.ts';

export interface Choice {
  /** Absent if one of them cannot be had here. */
  readonly servers?: Servers;
  /** Servers for which this machine has no program and we have no package. */
  readonly lacking: readonly ServerRole[];
  /** Packages that are not in the cache yet. */
  readonly missing: readonly Extract<Server, { file: string }>[];
  /** What the machine must have for the chosen packages. */
  readonly needs: readonly NonNullable<Offered['needs']>[];
  readonly passedOver: readonly PassedOver[];
}

interface Chosen {
  readonly role: ServerRole;
  readonly server?: Server;
  readonly needs?: Offered['needs'];
  readonly passedOver: readonly PassedOver[];
}

/** Only looks: nothing is fetched. The order is that of architecture section 11. */
export async function chooseServers(world: World): Promise<Choice> {
  const all = await Promise.all((['postgres', 'redis', 'etcd'] as const).map((role) => choose(world, role)));
  const servers = Object.fromEntries(all.map(({ role, server }) => [role, server])) as Servers;
  const lacking = all.filter(({ server }) => server === undefined).map(({ role }) => role);
  const packages = all.flatMap(({ server }) =>
    server === undefined || server.source === 'path' ? [] : [server],
  );
  const there = await Promise.all(packages.map((server) => isFetched(world.host, server)));
  return {
    ...(lacking.length === 0 ? { servers } : {}),
    lacking,
    missing: packages.filter((_, at) => there[at] !== true),
    needs: all.flatMap(({ needs }) => (needs === undefined ? [] : [needs])),
    passedOver: all.flatMap(({ passedOver }) => passedOver),
  };
}

async function choose(world: World, role: ServerRole): Promise<Chosen> {
  const offer = loadOffers(world.host)[role];
  const { server, passedOver } = await installedServer(world, role, offer);
  if (server !== undefined) return { role, server, passedOver };
  if (offer.debian !== undefined) {
    const found = await debianPackage(world, offer.debian);
    if (found !== undefined && isWithin(found.version, offer.fit)) return { role, server: found, passedOver };
  }
  const offered = offer.packages[`${world.host.platform}-${world.host.architecture}`];
  if (offered === undefined) return { role, passedOver };
  return { role, server: offered.package, needs: offered.needs, passedOver };
}
