// How things in a Docker engine are known to be ours: by labels, because a name alone proves nothing.
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';

export type Labels = Readonly<Record<string, string>>;

/** Kinds of things in an engine that can be ours. */
export type EngineKind = 'container' | 'volume' | 'network';

const environmentLabel = 'dev.bai-dev.environment';
const versionLabel = 'dev.bai-dev.version';
const userLabel = 'dev.bai-dev.user';
const ownerLabel = 'dev.bai-dev.owner';

/** Compose's own label for the project that a thing belongs to. */
export const projectLabel = 'com.docker.compose.project';

/** Compose's own label for the folder in which a container's project lies. */
const folderLabel = 'com.docker.compose.project.working_dir';

/** By these a thing is ours, whoever made it: also when compose remakes it from our file. */
export const environmentLabels = (environment: string, owner: string): Labels => ({
  [environmentLabel]: environment,
  [ownerLabel]: owner,
});

/** What we put on whatever we make ourselves. */
export const makerLabels = ({ host }: World, environment: string): Labels => ({
  ...environmentLabels(environment, host.owner),
  [versionLabel]: host.version,
  [userLabel]: host.user.name,
});

/** What is known of a thing besides its labels. */
export interface Expected {
  /** The environment that it should be of; without, the one that the world works for, or any. */
  readonly environment?: string;
  /** Where that environment lies. */
  readonly installPath?: string;
  /** The environment's record names it. */
  readonly recorded?: boolean;
}

/**
 * True if a thing with these labels belongs to an environment of this user and state folder; engines are shared
 * between users, and two may give the same ID. Older versions labelled no owner: what they made is ours if it was made
 * in the environment's install path, or if this user's record names it; the ID alone proves nothing.
 */
export function isOurs(
  { host, marks }: World,
  labels: Labels | null | undefined,
  { environment, installPath, recorded = false }: Expected = {},
): boolean {
  const is = labels?.[environmentLabel];
  if (labels === null || labels === undefined || is === undefined) return false;
  if (is !== (environment ?? marks['BAI_DEV_ENVIRONMENT'] ?? is)) return false;
  const owner = labels[ownerLabel];
  if (owner !== undefined) return owner === host.owner;
  const user = labels[userLabel];
  if (user !== undefined && user !== host.user.name) return false;
  const folder = labels[folderLabel];
  if (folder !== undefined && installPath !== undefined) return folder === installPath;
  return recorded;
}

/** True if some bai-dev made it, for whomever. */
export const isBaiDevs = (labels: Labels): boolean => labels[environmentLabel] !== undefined;

/** A thing of that name is there and not ours: never touched. */
export function notOurs(kind: EngineKind, name: string): Failure {
  const look = `docker ${kind} inspect ${name}`;
  return new Failure(
    'BAI-CONFLICT-OWNER',
    `There is a ${kind} called ${name} that this environment did not make. It is left alone.`,
    { facts: { kind, name }, next: [{ purpose: 'see what it is', command: look }] },
  );
}
