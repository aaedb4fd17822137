// Things that are called as an environment's own are, and that no bai-dev made: every command leaves them alone.
import { join } from 'node:path';
import { connectTo } from '../docker/client.ts';
import { allContainers } from '../docker/containers.ts';
import { isBaiDevs, projectLabel, type Labels } from '../docker/labels.ts';
import { allNetworks } from '../docker/networks.ts';
import { allVolumes } from '../docker/volumes.ts';
import { ownerFile, pyenvRoot } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { Failure } from '../failure.ts';
import { kindOf, listFolder } from '../host/files.ts';
import type { Host, World } from '../world.ts';

/** Names of them, for whoever wonders why they are still there. Only looks; an engine that is down tells of none. */
export async function namesakesOf(world: World, record: EnvironmentRecord): Promise<string[]> {
  const { engine, engineAddress, id } = record.spec;
  const inEngine = engine === 'docker' ? inDocker(world, engineAddress, id) : Promise.resolve([]);
  const [things, virtualenvs] = await Promise.all([
    inEngine.catch((error: unknown) => {
      if (error instanceof Failure) return [];
      throw error;
    }),
    virtualenvsOf(world.host, record),
  ]);
  return [...things, ...virtualenvs].sort();
}

async function inDocker(world: World, engine: string, id: string): Promise<string[]> {
  const connection = connectTo(world, engine);
  const [containers, volumes, networks] = await Promise.all([
    allContainers(connection),
    allVolumes(connection),
    allNetworks(connection),
  ]);
  // compose joins a project's name and a container's by one sign, and all else by another
  return [
    ...named(containers, id, '-').map((name) => `container ${name}`),
    ...named(volumes, id, '_').map((name) => `volume ${name}`),
    ...named(networks, id, '_').map((name) => `network ${name}`),
  ];
}

/** A project of another name may begin like this one's. */
function named(
  things: readonly { readonly name: string; readonly labels: Labels }[],
  id: string,
  sign: string,
): string[] {
  return things
    .filter(({ name, labels }) => name.startsWith(`${id}${sign}`) && !isBaiDevs(labels))
    .filter(({ labels }) => [undefined, id].includes(labels[projectLabel]))
    .map(({ name }) => name);
}

async function virtualenvsOf(host: Host, { spec, resources }: EnvironmentRecord): Promise<string[]> {
  const folder = join(pyenvRoot(host), 'versions');
  const links = resources.flatMap((one) => (one.kind === 'virtualenv' ? [one.link, one.path] : []));
  const paths = (await listFolder(folder).catch(() => []))
    .filter((name) => name.startsWith(`venv-${spec.id}-`))
    .map((name) => join(folder, name));
  const marks = await Promise.all(paths.map((path) => kindOf(join(path, ownerFile)).catch(() => undefined)));
  return paths
    .filter((path, at) => marks[at] === undefined && !links.includes(path))
    .map((path) => `virtualenv ${path}`);
}
