// How things in a Docker engine are known to be ours: by labels, because a name alone proves nothing.
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';

export type Labels = Readonly<Record<string, string>>;

/** Kinds of things in an engine that can be ours. */
export type EngineKind = 'container' | 'volume' | 'network';

const environmentLabel = 'dev.bai-dev.environment';
const versionLabel = 'dev.bai-dev.version';
const userLabel = 'dev.bai-dev.user';

/** Compose's own label for the project that a thing belongs to. */
export const projectLabel = 'com.docker.compose.project';

/** By these a thing is ours, whoever made it: also when compose remakes it from our file. */
export const environmentLabels = (environment: string): Labels => ({ [environmentLabel]: environment });

/** What we put on whatever we make ourselves. */
export const makerLabels = (world: World, environment: string): Labels => ({
  ...environmentLabels(environment),
  [versionLabel]: world.host.version,
  [userLabel]: world.host.user.name,
});

/**
 * True if a thing with these labels belongs to an environment of this user; engines are shared between users,
 * and two may give the same ID. Without `environment`: to the one that the world works for, or to any.
 */
export function isOurs(world: World, labels: Labels | null | undefined, environment?: string): boolean {
  const owner = labels?.[environmentLabel];
  const user = labels?.[userLabel];
  const wanted = environment ?? world.marks['BAI_DEV_ENVIRONMENT'] ?? owner;
  return owner !== undefined && owner === wanted && (user === undefined || user === world.host.user.name);
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
