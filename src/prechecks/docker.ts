// Can the Docker engine hold the halfstack: does it answer, are the images there, are the names free?
import { defined } from '../defined.ts';
import { containerName, networkName, volumeName } from '../environment/names.ts';
import { connectTo, type Connection } from '../docker/client.ts';
import { containersOfProject, findContainer } from '../docker/containers.ts';
import { findImage, pullTrouble } from '../docker/images.ts';
import { isBaiDevs, isOurs, type EngineKind, type Labels } from '../docker/labels.ts';
import { findNetwork } from '../docker/networks.ts';
import { minimumApi, probeDocker, type DockerFacts } from '../docker/probe.ts';
import { findVolume } from '../docker/volumes.ts';
import { Failure } from '../failure.ts';
import { servicesOf } from '../release/release.ts';
import type { Finding } from '../report/events.ts';
import type { World } from '../world.ts';
import type { Checked, Draft } from './draft.ts';

/** Only looks. The address is that of the record where there is one: its data lives there and nowhere else. */
export async function checkDocker(world: World, draft: Draft): Promise<Checked<{ address: string }>> {
  const facts = await probeDocker(world, draft.record?.spec.engineAddress);
  if (facts.state !== 'ok') return { findings: [engineFinding(world, facts)] };
  const engine: Finding = {
    id: 'docker.engine',
    severity: 'ok',
    title: `Docker ${facts.serverVersion} answers`,
  };
  try {
    const connection = connectTo(world, facts.address);
    const [images, names] = await Promise.all([
      imagesFinding(connection, draft),
      clashFindings(world, connection, draft),
    ]);
    const findings = [engine, images, ...names];
    const blocked = findings.some(({ severity }) => severity === 'blocker');
    return { findings, ...(blocked ? {} : { facts: { address: facts.address } }) };
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'BAI-ENGINE') throw error;
    // it answered a moment ago
    return {
      findings: [engineFinding(world, { state: 'down', address: facts.address, why: error.message })],
    };
  }
}

/** What to say and to do when there is no engine to work with; one ID for each of the different cases. */
export function engineFinding(world: World, facts: Exclude<DockerFacts, { state: 'ok' }>): Finding {
  const blocker = { severity: 'blocker' } as const;
  const mac = world.host.platform === 'darwin';
  switch (facts.state) {
    case 'no-socket':
      return {
        ...blocker,
        id: 'docker.socket',
        title: 'There is no Docker engine',
        reason: `There is no socket at ${shown(facts)}.`,
        next:
          facts.chosen === undefined
            ? [installRemedy(world)]
            : [{ purpose: 'see which engines there are', command: 'docker context ls' }],
      };
    case 'no-permission':
      return {
        ...blocker,
        id: 'docker.permission',
        title: 'This user may not use Docker',
        reason: `${facts.address} does not let ${world.host.user.name} in.`,
        next: [
          { purpose: 'be allowed to use it, then log in again', command: 'sudo usermod -aG docker $USER' },
          { purpose: 'or only in this shell', command: 'newgrp docker' },
        ],
      };
    case 'down':
      return {
        ...blocker,
        id: 'docker.down',
        title: 'Docker does not answer',
        reason: `${facts.address}: ${facts.why}.`,
        next: mac
          ? [{ purpose: 'start it', command: 'open -a Docker' }]
          : [
              { purpose: 'start it', command: 'sudo systemctl start docker' },
              { purpose: 'see why it is down', command: 'sudo journalctl -u docker -n 50' },
            ],
      };
    case 'too-old':
      return {
        ...blocker,
        id: 'docker.version',
        title: `Docker ${facts.serverVersion} is too old`,
        reason: `It speaks version ${facts.apiVersion} of its API, and ${minimumApi} (Docker 20.10) is needed.`,
        next: [installRemedy(world)],
      };
    case 'not-local':
      return {
        ...blocker,
        id: 'docker.remote',
        title: 'Docker is not on this machine',
        reason: `${facts.chosen ?? 'The record'} names ${facts.address}: what a halfstack there publishes on its own loopback cannot be reached from here.`,
        next: [{ purpose: 'use the engine of this machine', command: 'docker context use default' }],
      };
  }
}

function shown({ tried, chosen }: Extract<DockerFacts, { state: 'no-socket' }>): string {
  if (tried.length === 0) return `any place: ${chosen ?? 'the record'} names none`;
  const places = tried.map((address) => address.replace(/^unix:\/\//, '')).join(', ');
  return chosen === undefined ? places : `${places}, which ${chosen} names`;
}

function installRemedy(world: World): { readonly purpose: string; readonly command: string } {
  return world.host.platform === 'darwin'
    ? { purpose: 'install Docker Desktop', command: 'brew install --cask docker' }
    : { purpose: 'install Docker', command: 'curl -fsSL https://get.docker.com | sudo sh' };
}

async function imagesFinding(connection: Connection, draft: Draft): Promise<Finding> {
  const services = servicesOf(draft.release).map(({ service }) => ({
    image: draft.record?.spec.images[service.name] ?? service.image,
    bytes: service.bytes,
  }));
  const found = await Promise.all(
    services.map(async (one) => ({ ...one, there: await findImage(connection, one.image) })),
  );
  const missing = found.filter(({ there }) => there === undefined);
  if (missing.length === 0) {
    const bytes = found.reduce((total, { there }) => total + (there?.bytes ?? 0), 0);
    return {
      id: 'docker.images',
      severity: 'ok',
      title: `${found.length} images are there (${size(bytes)})`,
    };
  }
  const names = missing.map(({ image }) => image).join(', ');
  const troubles = await Promise.all(missing.map(({ image }) => pullTrouble(connection, image)));
  const trouble = troubles.find((one) => one !== undefined);
  const pulls = missing.map(({ image }) => ({
    purpose: 'pull it yourself',
    command: `docker pull ${image}`,
  }));
  const title = `${missing.length} of ${found.length} images are to be pulled`;
  if (trouble !== undefined) {
    // no blocker: a mirror may give what it does not describe
    const reason = `${names}; Docker hears from the registry: ${trouble}.`;
    return { id: 'docker.images', severity: 'warning', title, reason, next: pulls };
  }
  const bytes = missing.reduce((total, one) => total + one.bytes, 0);
  return { id: 'docker.images', severity: 'note', title: `${title} (${size(bytes)})`, reason: `${names}.` };
}

interface Wanted {
  readonly kind: EngineKind;
  readonly name: string;
  readonly find: (connection: Connection, name: string) => Promise<{ readonly labels: Labels } | undefined>;
}

/** Names that are taken: by strangers, or by an environment of this ID whose record is gone. */
async function clashFindings(
  world: World,
  connection: Connection,
  draft: Draft,
): Promise<readonly Finding[]> {
  const services = servicesOf(draft.release).map(({ service }) => service);
  const volumes = services.flatMap(({ volume }) => (volume === undefined ? [] : [volume.name]));
  const wanted: readonly Wanted[] = [
    ...services.map(({ name }): Wanted => ({
      kind: 'container',
      name: containerName(draft.id, name),
      find: findContainer,
    })),
    ...volumes.map((name): Wanted => ({
      kind: 'volume',
      name: volumeName(draft.id, name),
      find: findVolume,
    })),
    { kind: 'network', name: networkName(draft.id, draft.release.halfstack.network), find: findNetwork },
  ];
  const [found, project] = await Promise.all([
    Promise.all(
      wanted.map(async (one) => ({ ...one, labels: (await one.find(connection, one.name))?.labels })),
    ),
    containersOfProject(connection, draft.id),
  ]);
  const named = new Set(wanted.map(({ name }) => name));
  const others = project
    .filter(({ name }) => !named.has(name))
    .map(({ name, labels }) => ({ kind: 'container' as const, name, labels }));
  const installPath = draft.record?.spec.installPath;
  const expected = defined({ environment: draft.id, installPath, recorded: draft.record !== undefined });
  const there = [...found, ...others].flatMap(({ kind, name, labels }) =>
    labels === undefined
      ? []
      : [{ kind, name, ours: isOurs(world, labels, expected), isBaiDevs: isBaiDevs(labels) }],
  );
  const strangers = there.filter(({ ours }) => !ours);
  const leftovers = draft.record === undefined ? there.filter(({ ours }) => ours) : [];
  if (strangers.length + leftovers.length === 0) {
    return [{ id: 'docker.names', severity: 'ok', title: 'Its names are free in Docker' }];
  }
  return [
    ...(strangers.length === 0 ? [] : [strangersFinding(draft.id, strangers)]),
    ...(leftovers.length === 0 ? [] : [leftoversFinding(draft.id, leftovers)]),
  ];
}

type Named = Pick<Wanted, 'kind' | 'name'>;

const listed = (things: readonly Named[]): string =>
  things.map(({ kind, name }) => `${kind} ${name}`).join(', ');

/** They are never said to be removable: another's environment may be running on them. */
const strangersFinding = (id: string, things: readonly (Named & { isBaiDevs: boolean })[]): Finding => ({
  id: 'docker.names',
  severity: 'blocker',
  title: `Something in Docker is in the way of ${id}`,
  reason: things.some(({ isBaiDevs }) => isBaiDevs)
    ? `An environment ${id} of another user or another state folder has these names: ${listed(things)}.`
    : `bai-dev did not make what bears its names or belongs to its compose project: ${listed(things)}.`,
  next: [
    ...things.map(({ kind, name }) => ({
      purpose: 'see what it is',
      command: `docker ${kind} inspect ${name}`,
    })),
    { purpose: 'or take another ID', command: 'bai-dev install -e ANOTHER' },
  ],
});

/** Data of an environment that nobody remembers: its password is lost, so it cannot be taken over. */
const leftoversFinding = (id: string, things: readonly Named[]): Finding => ({
  id: 'docker.leftovers',
  severity: 'blocker',
  title: `An earlier ${id} left something in Docker`,
  reason: `Its record is gone, and with it the passwords of ${listed(things)}.`,
  // containers first: they hold volumes and network
  next: (['container', 'volume', 'network'] as const).flatMap((kind) => {
    const names = things.filter((one) => one.kind === kind).map(({ name }) => name);
    if (names.length === 0) return [];
    const remove = kind === 'container' ? 'docker rm -fv' : `docker ${kind} rm`;
    return [{ purpose: 'remove what is left, with its data', command: `${remove} ${names.join(' ')}` }];
  }),
});

const size = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
