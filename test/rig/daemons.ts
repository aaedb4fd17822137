// Daemons for the stand-in release: what it lacks to be started, stopped and looked at.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as z from 'zod';
import type { SinglePort } from '../../src/environment/ports.ts';
import type { releaseSchema } from '../../src/release/release.ts';
import type { Program } from './program.ts';
import { repository } from './world.ts';

type ReleaseData = z.input<typeof releaseSchema>;

const path = 'templates/releases/9901.yaml';

/** Gives the stand-in release, which was put before, the four daemons of 2021. All stand in the manager's tree. */
export function addStandInDaemons(program: Program): void {
  const release = JSON.parse(readFileSync(join(program.folder, path), 'utf8')) as ReleaseData;
  const daemon = (
    name: string,
    port: SinglePort,
    more: Partial<NonNullable<ReleaseData['components'][string]['daemon']>> = {},
  ): ReleaseData['components'] => ({
    [name]: {
      tree: 'manager',
      virtualenv: 'manager',
      daemon: {
        module: 'standin_daemon',
        arguments: [name],
        after: name === 'manager' ? [] : ['manager'],
        ports: [port],
        ...more,
      },
    },
  });
  const probe = (port: SinglePort, status: number) => ({
    port,
    scheme: 'http' as const,
    path: '/',
    status: [status],
  });
  program.put(
    'templates/config/9901/daemon.py',
    readFileSync(join(repository, 'test/rig/standin/daemon.py'), 'utf8'),
  );
  program.put(
    path,
    JSON.stringify({
      ...release,
      components: {
        ...release.components,
        ...daemon('manager', 'manager', { probe: probe('manager', 200) }),
        ...daemon('agent', 'agentRpc', { needsDocker: true }),
        ...daemon('storage-proxy', 'storageManager', { probe: probe('storageManager', 403) }),
        ...daemon('webserver', 'webserver', { probe: probe('webserver', 200) }),
      },
      files: [
        ...release.files,
        { template: 'config/9901/daemon.py', tree: 'manager', path: 'standin_daemon.py', format: 'toml' },
      ],
    }),
  );
}
