// Every value of an environment that a template, a fixture or a service of the halfstack may ask for.
import { join } from 'node:path';
import { treePath } from './names.ts';
import type { Values } from './render.ts';
import type { Secrets } from './record.ts';
import type { EnvironmentSpec } from './spec.ts';

/** Where all servers of an environment listen, and are reached. */
export const loopback = '127.0.0.1';

/**
 * The values by name: the spec's, the secrets', one `port.<name>` for every port, one `tree.<name>` for the path
 * of every tree, one `image.<alias>` for every image alias of the release.
 */
export function valuesOf(spec: EnvironmentSpec, secrets: Secrets): Values {
  const { ports, release } = spec;
  const url = (port: number, scheme = 'http'): string => `${scheme}://${loopback}:${port}`;
  return {
    id: spec.id,
    installPath: spec.installPath,
    release: release.version,
    host: loopback,
    // one process each: more are refused where there are fewer CPUs, and nobody develops under load (facts 13.10 T5)
    numProc: 1,

    ...prefixed('port', ports),
    ...prefixed('image', release.imageAliases),
    ...Object.fromEntries(Object.keys(release.trees).map((name) => [`tree.${name}`, treePath(spec, name)])),

    databaseName: release.database.name,
    databaseUser: release.database.user,
    databasePassword: secrets.databasePassword,
    databaseUrl: `postgresql://${encodeURIComponent(release.database.user)}:${encodeURIComponent(secrets.databasePassword)}@${loopback}:${ports.postgres}/${encodeURIComponent(release.database.name)}`,
    redisPassword: secrets.redisPassword,
    redisAddress: `${loopback}:${ports.redis}`,

    managerUrl: url(ports.manager),
    webserverUrl: url(ports.webserver),
    storageClientUrl: url(ports.storageClient),
    storageManagerUrl: url(ports.storageManager, 'https'),
    /** Relative to their tree. */
    certificateFile: release.certificate.certificate,
    certificateKeyFile: release.certificate.key,
    storageManagerKey: secrets.storageManagerKey,
    storageSecret: secrets.storageSecret,
    /** The folder behind the storage host `local:volume1`. */
    volumePath: join(spec.installPath, 'vfolder', 'local'),
  };
}

function prefixed(prefix: string, table: Readonly<Record<string, string | number>>): Values {
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [`${prefix}.${name}`, value]));
}
