// Environments that bai-dev did not make here: what the scripts of 2021 leave on a machine, and other users' own.
import { basename, dirname, join } from 'node:path';
import { isBaiDevs } from '../docker/labels.ts';
import type { ProjectContainer } from '../docker/projects.ts';
import { ownerFile, pyenvRoot } from '../environment/names.ts';
import { kindOf, listFolder, readText } from '../host/files.ts';
import type { World } from '../world.ts';

export interface Foreign {
  readonly id: string;
  readonly madeBy: 'install-dev.sh' | 'another bai-dev';
  readonly halfstack: 'up' | 'partly up' | 'stopped' | 'absent';
  /** As compose was told. */
  readonly path?: string;
  /** The branch of its manager. */
  readonly release?: string;
  /** Of its containers that run. */
  readonly ports: readonly number[];
}

/** The service that the script's compose files of all releases have (facts 3). */
const database = 'backendai-half-db';

/**
 * Compose projects with the scripts' database, and virtualenvs named as the scripts name the manager's, of which
 * there is no record among `known`. Only looks.
 */
export async function foreignEnvironments(
  world: World,
  containers: readonly ProjectContainer[],
  known: ReadonlySet<string>,
): Promise<Foreign[]> {
  const projects = containers.filter(({ service }) => service === database).map(({ project }) => project);
  const folder = join(pyenvRoot(world.host), 'versions');
  const versions = await listFolder(folder).catch(() => []);
  const named = versions.flatMap((name) => /^venv-(.+)-manager$/.exec(name)?.[1] ?? []);
  const ids = [...new Set([...projects, ...named])].filter((id) => !known.has(id)).sort();
  return Promise.all(
    ids.map(async (id) => {
      const there = containers.filter(({ project }) => project === id);
      const mark = await kindOf(join(folder, `venv-${id}-manager`, ownerFile)).catch(() => undefined);
      return foreignOf(id, there, mark !== undefined);
    }),
  );
}

async function foreignOf(id: string, there: readonly ProjectContainer[], marked: boolean): Promise<Foreign> {
  const path = pathOf(there);
  const release = path === undefined ? undefined : await branchOf(join(path, 'manager'));
  const running = there.filter((one) => one.running);
  const halfstack =
    there.length === 0
      ? 'absent'
      : running.length === 0
        ? 'stopped'
        : running.length === there.length
          ? 'up'
          : 'partly up';
  return {
    id,
    madeBy: marked || there.some(({ labels }) => isBaiDevs(labels)) ? 'another bai-dev' : 'install-dev.sh',
    halfstack,
    ...(path === undefined ? {} : { path }),
    ...(release === undefined ? {} : { release }),
    ports: running.flatMap(({ ports }) => ports).sort((a, b) => a - b),
  };
}

/** The scripts run compose in the clone of the meta repository inside the install path. */
function pathOf(there: readonly ProjectContainer[]): string | undefined {
  const folder = there.find(({ service }) => service === database)?.folder ?? there[0]?.folder;
  return folder !== undefined && basename(folder) === 'backend.ai' ? dirname(folder) : folder;
}

/** A branch that is a release's; a stranger's folder may hold anything, or not be readable. */
async function branchOf(folder: string): Promise<string | undefined> {
  const head = await readText(join(folder, '.git/HEAD')).catch(() => undefined);
  return /^ref: refs\/heads\/(\d\d\.\d\d)\n$/.exec(head ?? '')?.[1];
}
