// What was wanted: everything that was decided about an environment, complete and frozen; only a change writes another.
import * as z from 'zod';
import { acceleratorName, releaseSchema } from '../release/release.ts';
import { portsSchema } from './ports.ts';
import { serversSchema } from './servers.ts';
import type { EnvironmentId } from './id.ts';

const absolute = z.string().startsWith('/');

/** Where a tree comes from: of PyPI its package and version, of git a repository and what is checked out of it. */
export const treeSourceSchema = z.discriminatedUnion('source', [
  z.strictObject({ source: z.literal('pypi'), ref: z.string(), address: z.string() }),
  z.strictObject({
    source: z.literal('git'),
    /** As it was named: a branch, a tag or (the beginning of) a commit's hash. */
    ref: z.string(),
    kind: z.enum(['branch', 'tag', 'commit']),
    /** As git takes it; may hold credentials, so it is shown without them. */
    address: z.string(),
    /** What the ref was when it was looked at; absent if the repository tells that only in a clone. */
    commit: z
      .string()
      .regex(/^[0-9a-f]{40}$/)
      .optional(),
    /** The base address in place of the one where the release's repositories lie, for its submodules as well. */
    repositories: z.string().optional(),
  }),
]);

/** A build of python-build-standalone: its place below a mirror's address, and its exact content. */
export const buildSchema = z.strictObject({
  /** The release that it belongs to: a day, as in 20251031. */
  release: z.string().regex(/^\d{8}$/),
  file: z.string().regex(/^[\w.+-]+$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** As the mirror told. */
  bytes: z.number().int().positive().optional(),
});

export type Build = Readonly<z.infer<typeof buildSchema>>;

export const specSchema = z.strictObject({
  id: z.string().transform((id) => id as EnvironmentId),
  installPath: absolute,
  /** The catalogue's entry as it was that day, with all that its accelerator adds: a later program never reads the catalogue for it again. */
  release: releaseSchema,
  /** Per tree, because the agent may come from elsewhere than the rest. */
  trees: z.record(z.string(), treeSourceSchema),
  /**
   * `pyenv`: the root of the pyenv that holds it and takes the virtualenvs; without one they lie in the trees.
   * `managed`: the build that uv installs, and installs again if it is gone.
   */
  python: z.strictObject({
    version: z.string(),
    path: absolute,
    pyenv: absolute.optional(),
    managed: buildSchema.optional(),
  }),
  accelerator: z.strictObject({ kind: z.enum(['none', ...acceleratorName.options]) }),
  engine: z.enum(['docker', 'native']),
  /** Address of the Docker engine: its containers and volumes exist only there. Empty for a native halfstack. */
  engineAddress: z.string(),
  /** The servers of a native halfstack; other versions of them could not read its data. */
  servers: serversSchema.optional(),
  /** Base of the leased block; 0 for upstream's numbers. */
  portBase: z.number().int().nonnegative(),
  ports: portsSchema,
  /** Image per service of the halfstack. */
  images: z.record(z.string(), z.string()),
  /** Kernel images that were wanted; those that no registry gave are missing all the same. */
  kernelImages: z.array(z.string()).default([]),
  /** Package index: a PEP 503/691 simple index. */
  index: z.string(),
});

export type EnvironmentSpec = Readonly<z.infer<typeof specSchema>>;
export type TreeSource = Readonly<z.infer<typeof treeSourceSchema>>;
export type GitSource = Extract<TreeSource, { source: 'git' }>;

/** In one word where the trees come from. */
export function sourceWord(sources: readonly TreeSource[]): 'git' | 'pypi' | 'mixed' {
  const kinds = new Set(sources.map(({ source }) => source));
  return kinds.size > 1 ? 'mixed' : kinds.has('git') ? 'git' : 'pypi';
}
