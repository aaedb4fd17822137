// The kinds of things on a machine that can be ours: data only, so that the record can hold them.
import * as z from 'zod';

const path = z.string().startsWith('/');

export const resourceSchema = z.discriminatedUnion('kind', [
  /** `own`: removed with everything in it; otherwise only when nothing of the user's is left inside. */
  z.strictObject({ kind: z.literal('folder'), path, own: z.boolean() }),
  /** A generated file; `hashes` are the SHA-256 of all that we ever wrote there: another content is an edit. */
  z.strictObject({
    kind: z.literal('file'),
    path,
    hashes: z.array(z.string()),
    /** The path of the tree that it lies in: edited or not, it goes when that goes. */
    tree: path.optional(),
  }),
  /** A working copy: a folder whose git work is looked at before it is removed. */
  z.strictObject({ kind: z.literal('tree'), path, tree: z.string() }),
  /** `path` is the virtualenv itself, `link` the name under which pyenv finds it. */
  z.strictObject({ kind: z.literal('virtualenv'), name: z.string(), path, link: path.optional() }),
  /** `engine` is the address of the Docker engine, e.g. `unix:///var/run/docker.sock`. */
  z.strictObject({ kind: z.literal('container'), name: z.string(), engine: z.string() }),
  z.strictObject({ kind: z.literal('volume'), name: z.string(), engine: z.string() }),
  z.strictObject({ kind: z.literal('network'), name: z.string(), engine: z.string() }),
  /** A block of ports; base 0 is upstream's own numbers. It exists only as this entry of the record. */
  z.strictObject({ kind: z.literal('lease'), base: z.number().int().nonnegative() }),
  /** A daemon; `started` as host/proc.ts tells it, `folder` the one it was started in. */
  z.strictObject({
    kind: z.literal('process'),
    name: z.string(),
    pid: z.number().int().positive(),
    started: z.string(),
    folder: path,
    /** It was ready once. */
    answered: z.literal(true).optional(),
  }),
  /** What an agent keeps beside its process: a container that Backend.AI itself made, and files in a shared folder. */
  z.strictObject({ kind: z.literal('relay'), name: z.string(), engine: z.string(), files: z.array(path) }),
  /** A native server of the halfstack: whatever process of `program` stands in its data folder `path`. */
  z.strictObject({
    kind: z.literal('server'),
    name: z.enum(['postgres', 'redis', 'etcd']),
    path,
    program: path,
  }),
]);

export type Resource = z.infer<typeof resourceSchema>;
export type ResourceKind = Resource['kind'];
export type ResourceOf<K extends ResourceKind> = Extract<Resource, { kind: K }>;

/** What makes two entries the same thing: everything but what we know of its content. */
export function resourceKey(resource: Resource): string {
  switch (resource.kind) {
    case 'folder':
    case 'file':
    case 'tree':
    case 'virtualenv':
    case 'server':
      return `${resource.kind}:${resource.path}`;
    case 'container':
    case 'volume':
    case 'network':
    case 'relay':
      return `${resource.kind}:${resource.engine}:${resource.name}`;
    case 'lease':
      return `lease:${resource.base}`;
    case 'process':
      return `process:${resource.pid}:${resource.started}`;
  }
}

/** Where on this machine's disks a resource lies; nowhere if an engine keeps it. */
export function pathsOf(resource: Resource): readonly string[] {
  switch (resource.kind) {
    case 'folder':
    case 'file':
    case 'tree':
    case 'server':
      return [resource.path];
    case 'virtualenv':
      return resource.link === undefined ? [resource.path] : [resource.path, resource.link];
    case 'container':
    case 'volume':
    case 'network':
    case 'relay':
    case 'lease':
    case 'process':
      return [];
  }
}
