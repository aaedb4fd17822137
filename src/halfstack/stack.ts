// The halfstack of one environment as plain data: the release's services with this environment's ports and secrets.
import { composeFile } from '../environment/names.ts';
import type { Secrets } from '../environment/record.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import { loopback, valuesOf } from '../environment/values.ts';
import { render } from '../environment/render.ts';
import { servicesOf, type ReleaseService } from '../release/release.ts';
import type { Endpoints, Service, ServiceRole, Stack } from './engine.ts';

/** The stack that a spec and its secrets describe; the same input always gives the same stack. */
export function stackOf(spec: EnvironmentSpec, secrets: Secrets): Stack {
  return {
    project: spec.id,
    network: spec.release.halfstack.network,
    services: servicesOf(spec.release).map(({ role, service }) =>
      serviceOf(role, service, { spec, secrets }),
    ),
    composeFile: composeFile(spec),
    installPath: spec.installPath,
    endpoints: endpointsOf(spec, secrets),
  };
}

/** Where the servers answer, with what is needed to log in. */
export function endpointsOf(spec: EnvironmentSpec, secrets: Secrets): Endpoints {
  const { ports, release } = spec;
  return {
    postgres: {
      host: loopback,
      port: ports.postgres,
      user: release.database.user,
      password: secrets.databasePassword,
      database: release.database.name,
    },
    redis: {
      host: loopback,
      port: ports.redis,
      ...(release.halfstack.redis.password ? { password: secrets.redisPassword } : {}),
    },
    etcd: { url: `http://${loopback}:${ports.etcd}` },
  };
}

interface Decided {
  readonly spec: EnvironmentSpec;
  readonly secrets: Secrets;
}

function serviceOf(role: ServiceRole, service: ReleaseService, decided: Decided): Service {
  const { spec, secrets } = decided;
  const values = valuesOf(spec, secrets);
  // raw: what is filled is an argument or a variable, never text that somebody parses
  const fill = (text: string): string => render(text, values, 'raw');
  const own = role === 'redis' ? redisAdditions(decided) : role === 'etcd' ? etcdAdditions : undefined;
  const command = [...(service.command?.map(fill) ?? own?.program ?? []), ...(own?.arguments ?? [])];
  const environment = Object.entries(service.environment).map(([name, value]) => [name, fill(value)]);
  return {
    role,
    name: service.name,
    image: spec.images[service.name] ?? service.image,
    ...(command.length === 0 ? {} : { command }),
    environment: { ...(Object.fromEntries(environment) as Record<string, string>), ...own?.environment },
    port: { inside: service.port, outside: spec.ports[role] },
    ...(service.volume === undefined ? {} : { volume: service.volume }),
    health: service.health,
    restart: service.restart,
    bytes: service.bytes,
  };
}

/** A cluster of one need not wait to elect itself: a restart takes 0.2 s instead of 1.6 s (libraries.md 9). */
const etcdAdditions = {
  program: ['etcd'],
  arguments: ['--heartbeat-interval=10', '--election-timeout=100'],
  environment: {},
};

/**
 * Upstream's Redis has neither password nor persistence. Ours keeps an append-only file, so that a restart
 * loses nothing, and a password where the release's components can be told one; upstream's own healthcheck
 * (`redis-cli ping`, facts 3.1) then finds it in REDISCLI_AUTH.
 */
function redisAdditions({ spec, secrets }: Decided) {
  const password = spec.release.halfstack.redis.password ? secrets.redisPassword : undefined;
  return {
    program: ['redis-server'],
    arguments: ['--appendonly', 'yes', ...(password === undefined ? [] : ['--requirepass', password])],
    environment: password === undefined ? {} : { REDISCLI_AUTH: password },
  };
}
