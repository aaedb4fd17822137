// Where the servers of an environment keep things, and as whom PostgreSQL runs.
import { join } from 'node:path';
import { nativeFolders, sharedData } from '../../environment/names.ts';
import type { ServerRole, Servers } from '../../environment/servers.ts';
import { serverUser, type User } from '../../host/owner.ts';
import type { Resource } from '../../resources/resource.ts';
import type { Host } from '../../world.ts';
import { packageFolder } from './fetch.ts';
import type { ServerPlace } from './running.ts';

export interface Places {
  /** Holds the data and the logs, but for what root must keep elsewhere. */
  readonly folder: string;
  readonly servers: Readonly<Record<ServerRole, ServerPlace>>;
  readonly logs: Readonly<Record<ServerRole, string>>;
  /** Only for root: where PostgreSQL's programs and data lie instead. */
  readonly elsewhere?: Elsewhere;
}

export interface Elsewhere {
  readonly folder: string;
  /** The package as that user can reach it; none for a program of the system's. */
  readonly software?: { readonly from: string; readonly to: string };
}

/** All paths of an environment's native halfstack. */
export function placesOf(host: Host, id: string, servers: Servers): Places {
  const folder = nativeFolders(host, id).own;
  const elsewhere = host.user.uid === 0 ? elsewhereOf(host, id, servers) : undefined;
  const program = (role: ServerRole): string => {
    const server = servers[role];
    if (server.source === 'path') return server.program;
    const unpacked =
      role === 'postgres' && elsewhere?.software !== undefined
        ? elsewhere.software.to
        : packageFolder(host, server);
    return join(unpacked, server.program);
  };
  const place = (role: ServerRole): ServerPlace => ({
    role,
    data: join(role === 'postgres' && elsewhere !== undefined ? elsewhere.folder : folder, role),
    program: program(role),
  });
  const log = (role: ServerRole): string => join(folder, `${role}.log`);
  return {
    folder,
    servers: { postgres: place('postgres'), redis: place('redis'), etcd: place('etcd') },
    logs: { postgres: log('postgres'), redis: log('redis'), etcd: log('etcd') },
    ...(elsewhere === undefined ? {} : { elsewhere }),
  };
}

/** Everything of it, in the order in which it is made: removed the other way round, servers end first. */
export function resourcesOf({ folder, servers, elsewhere }: Places): Resource[] {
  const parents = elsewhere === undefined ? [] : [sharedData, join(elsewhere.folder, '..')];
  return [
    ...parents.map((path) => ({ kind: 'folder', path, own: false }) as const),
    ...(elsewhere === undefined ? [] : [{ kind: 'folder', path: elsewhere.folder, own: true } as const]),
    { kind: 'folder', path: folder, own: true },
    ...Object.values(servers).map(
      ({ role, data, program }) => ({ kind: 'server', name: role, path: data, program }) as const,
    ),
  ];
}

/** As whom PostgreSQL runs where we are root. Undefined for everybody else, whose own user is just right. */
export async function databaseUser({ user }: Host): Promise<User | undefined> {
  return user.uid === 0 ? serverUser() : undefined;
}

function elsewhereOf(host: Host, id: string, { postgres }: Servers): Elsewhere {
  const folder = nativeFolders(host, id).shared;
  if (postgres.source === 'path') return { folder };
  return { folder, software: { from: packageFolder(host, postgres), to: join(folder, 'software') } };
}
