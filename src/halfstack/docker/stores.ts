// The data of a halfstack in Docker: reached through a container that mounts all volumes and hardly ever runs.
import { join } from 'node:path';
import { exitOf, fillFolder, saveFolder } from '../../docker/archives.ts';
import type { Connection } from '../../docker/client.ts';
import { createContainer, findContainer, removeContainer, startContainer } from '../../docker/containers.ts';
import { isOurs, makerLabels, notOurs } from '../../docker/labels.ts';
import { lastLines } from '../../docker/logs.ts';
import { findVolume } from '../../docker/volumes.ts';
import { volumeName } from '../../environment/names.ts';
import { Failure } from '../../failure.ts';
import { kindOf } from '../../host/files.ts';
import type { World } from '../../world.ts';
import type { ServiceRole, Stack, Stores } from '../engine.ts';

interface Job {
  readonly world: World;
  readonly connection: Connection;
  readonly stack: Stack;
}

/**
 * A volume is mounted under this name, so that its content stands below it in an archive; unpacked into a volume, that
 * archive then lies beside the data.
 */
const staged = 'bai-dev-staged';

/** The stores of a stack whose containers are stopped. */
export function dockerStores(job: Job): Stores {
  return {
    // an engine measures its volumes only all together, which may take minutes
    bytes: () => Promise.resolve(0),
    save: async (into) => {
      const { roles, missing } = await rolesOf(job);
      if (roles.length === 0) return missing;
      await withVolumes(job, { roles, script: 'true' }, async (container) => {
        for (const role of roles) {
          const file = join(into, `${role}.tar.gz`);
          await saveFolder(job.connection, { container, path: placeOf(role), file });
        }
      });
      return missing;
    },
    stage: async (from) => {
      const { roles } = await rolesOf(job);
      const files = new Map<ServiceRole, string>();
      for (const role of roles) {
        // older versions did not compress
        for (const file of [join(from, `${role}.tar`), join(from, `${role}.tar.gz`)]) {
          if ((await kindOf(file)) === 'file') files.set(role, file);
        }
      }
      await withVolumes(job, { roles: [...files.keys()], script: 'true' }, async (container) => {
        for (const [role, file] of files) {
          await fillFolder(job.connection, { container, path: placeOf(role), file });
        }
      });
    },
    swap: () => run(job, exchange),
    unstage: () => run(job, `rm -rf ${staged}`),
  };
}

/**
 * Run in each volume: what is there gives way to what is staged. The mark says that all of the old is aside, so that a
 * run that goes on where another was cut off does not take new things for old ones.
 */
const exchange = `
if [ -d ${staged} ]; then
  if [ ! -e bai-dev-emptied ]; then
    mkdir -p bai-dev-before
    for entry in * .[!.]* ..?*; do
      case $entry in bai-dev-*) continue ;; esac
      if [ -e "$entry" ] || [ -L "$entry" ]; then mv "$entry" bai-dev-before/; fi
    done
    : > bai-dev-emptied
  fi
  for entry in ${staged}/* ${staged}/.[!.]* ${staged}/..?*; do
    if [ -e "$entry" ] || [ -L "$entry" ]; then mv "$entry" .; fi
  done
  rmdir ${staged}
fi
rm -rf bai-dev-before bai-dev-emptied`;

const placeOf = (role: ServiceRole): string => `/${role}/${staged}`;

/** Which stores there are; an absent volume would be made by mounting it. */
async function rolesOf({ world, connection, stack }: Job) {
  const roles: ServiceRole[] = [];
  const missing: ServiceRole[] = [];
  for (const { role, volume } of stack.services) {
    const found = volume && (await findVolume(connection, volumeName(stack.project, volume.name)));
    (found !== undefined && isOurs(world, found.labels, { environment: stack.project, recorded: true })
      ? roles
      : missing
    ).push(role);
  }
  return { roles, missing };
}

/** Runs a script in every volume that is there. */
async function run(job: Job, script: string): Promise<void> {
  const { connection } = job;
  const { roles } = await rolesOf(job);
  const whole = roles.map((role) => `cd ${placeOf(role)}\n${script}`).join('\n');
  await withVolumes(job, { roles, script: `set -e\n${whole}\nsync` }, async (container) => {
    await startContainer(connection, container);
    const status = await exitOf(connection, container);
    if (status === 0) return;
    throw new Failure(
      'BAI-ENGINE',
      `The data of ${job.stack.project} could not be exchanged: status ${status}.`,
      {
        lines: await lastLines(connection, container, 20),
      },
    );
  });
}

interface Wanted {
  readonly roles: readonly ServiceRole[];
  readonly script: string;
}

/** Its image is PostgreSQL's, which has a shell. A container that a killed run left is taken away first. */
async function withVolumes(
  { world, connection, stack }: Job,
  { roles, script }: Wanted,
  use: (container: string) => Promise<void>,
): Promise<void> {
  const name = `${stack.project}-bai-dev-data`;
  const image = stack.services.find(({ role }) => role === 'postgres')?.image;
  if (image === undefined) throw new Error('the stack has no postgres');
  const old = await findContainer(connection, name);
  if (old !== undefined && !isOurs(world, old.labels, { environment: stack.project, recorded: true }))
    throw notOurs('container', name);
  await removeContainer(connection, name);
  const volumes = stack.services.flatMap(({ role, volume }) =>
    volume === undefined || !roles.includes(role) ? [] : [{ role, name: volume.name }],
  );
  await createContainer(connection, name, {
    Image: image,
    Entrypoint: ['/bin/sh', '-c'],
    Cmd: [script],
    User: '0:0',
    NetworkDisabled: true,
    Healthcheck: { Test: ['NONE'] },
    Labels: makerLabels(world, stack.project),
    HostConfig: {
      Mounts: volumes.map((volume) => ({
        Type: 'volume',
        Source: volumeName(stack.project, volume.name),
        Target: placeOf(volume.role),
      })),
    },
  });
  try {
    await use(name);
  } finally {
    await removeContainer(connection, name);
  }
}
