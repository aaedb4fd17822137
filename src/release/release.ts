// What a Backend.AI version needs: the shape of a file in templates/releases, and nothing about any one release.
import * as z from 'zod';
import { service } from './service.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]*$/);
const day = z.iso.date();
const relative = z.string().regex(/^(?!\/)(?!.*\.\.)[A-Za-z0-9._/-]+$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** The single ports that an environment has, by which a release's data names them. */
export const portName = z.enum([
  'postgres',
  'redis',
  'etcd',
  'etcdPeer',
  'manager',
  'webserver',
  'agentRpc',
  'agentWatcher',
  'agentSocket',
  'storageClient',
  'storageManager',
  'managerMonitor',
  'agentMonitor',
  'wsproxy',
]);

/** A file on a package index, by its exact content. */
const distribution = z.strictObject({ file: z.string(), sha256, bytes: z.number().int().positive() });

/** A working copy: what is fetched. Holds one component (until 21.09) or all of them (from 22.03). */
const tree = z.strictObject({
  folder: relative,
  repository: z.url(),
  branch: z.string(),
  /** The option that names another branch of it: `--server-branch` and the like. */
  line: z.enum(['server', 'client', 'cuda']).default('server'),
  /** Repositories that its submodules come from: without them it is not whole. */
  submodules: z.array(z.url()).default([]),
  /** On the package index; what is not there comes from its repository. */
  package: distribution.extend({ name: z.string(), version: z.string() }).optional(),
  /** Made in it besides what it brings, e.g. the agent's `scratches`. */
  folders: z.array(relative).default([]),
  /** Wheels of the same version, for files that the source distribution lacks; by Node's platform and CPU. */
  binaries: z.record(z.string().regex(/^[a-z0-9]+-[a-z0-9]+$/), distribution).default({}),
});

/** What is installed into which. */
const virtualenv = z.strictObject({
  /** The end of its name: `venv-<id>-<suffix>`. */
  suffix: name,
  /** The tree that is installed editable, and whose folder selects this virtualenv. */
  tree: name,
  extras: z.array(name).default([]),
  /** Trees that are installed editable as well, so that one working copy serves many. */
  shares: z.array(name).default([]),
  /** Seconds that it takes on an ordinary machine with nothing cached; only for the estimate. */
  seconds: z.number().positive(),
});

const probe = z.strictObject({
  /** Name of the port that is asked. */
  port: portName,
  scheme: z.enum(['http', 'https']),
  path: z.string().startsWith('/'),
  /** The answers that prove life. */
  status: z.array(z.number().int()),
});

/** What is configured and runs. */
const component = z.strictObject({
  tree: name,
  virtualenv: name,
  /** A server process. */
  daemon: z
    .strictObject({
      /** The Python module that is run, and its arguments. */
      module: z.string(),
      arguments: z.array(z.string()).default([]),
      /** Components whose daemons must be ready before. */
      after: z.array(name).default([]),
      /** Names of the ports on which it listens. */
      ports: z.array(portName).default([]),
      /** How one sees that it answers; without one the manager is asked. */
      probe: probe.optional(),
      /** Cannot run without a Docker engine, whatever runs the halfstack. */
      needsDocker: z.boolean().default(false),
      /** Files outside the environment that it touches when it starts, hard-coded for all users of a machine. */
      touches: z.array(z.string().startsWith('/')).default([]),
    })
    .optional(),
});

/** A file that is rendered from a template: `path` lies in the tree (or in the install path without one). */
const file = z.strictObject({
  template: relative,
  tree: name.optional(),
  path: relative,
  /** What its holes are quoted for. */
  format: z.enum(['toml', 'ini', 'shell']),
  /** The e-mail of an account whose `email`, `password`, `accessKey` and `secretKey` it may ask for as well. */
  account: z.string().optional(),
});

/** Plugins of the agent by which it offers GPUs, real ones or made up. */
export const acceleratorName = z.enum(['cuda', 'cuda-mock']);

/** What an environment with an accelerator has besides; `withAccelerator` merges it into the release. */
const accelerator = z.strictObject({
  trees: z.record(name, tree),
  virtualenvs: z.record(name, virtualenv),
  components: z.record(name, component),
  files: z.array(file).default([]),
  /** Trees that virtualenvs of the release get as well: `agent: [accel-cuda]`. */
  shares: z.record(name, z.array(name)),
  /** What its agent offers to sessions by it, e.g. `cuda.device`. */
  slot: z.string(),
  /** What a person should know of it, in one sentence. */
  remark: z.string().optional(),
  /** What the plugin asks of the machine, without which it turns itself off (facts 7.4); only for prechecks. */
  asks: z.strictObject({
    commands: z.array(z.string()).default([]),
    /** Any one of these must be found by the system's loader. */
    libraries: z.array(z.string()).default([]),
    /** The oldest driver of GPUs. */
    driver: z.string().optional(),
  }),
});

const account = z.strictObject({
  email: z.string(),
  password: z.string(),
  role: z.string(),
  accessKey: z.string(),
  secretKey: z.string(),
});

export const releaseSchema = z.strictObject({
  /** `21.03`; the same without the dot means the same on the command line. */
  version: z.string().regex(/^\d\d\.\d\d$/),
  title: z.string(),
  /** Taken when nobody names a release; one entry of the catalogue says so. */
  default: z.boolean().default(false),
  released: day,
  supportEnds: day,
  /** Minor version of Python, e.g. `3.9`. */
  python: z.string().regex(/^3\.\d+$/),
  /** How packages are resolved as they were that day; facts sections 12.2, 13.2 and 15. */
  resolution: z.strictObject({
    asOf: day,
    exceptions: z.record(z.string(), day),
    constraints: z.array(z.string()),
    overrides: z.array(z.string()),
    /** Installed into every virtualenv besides the trees. */
    tools: z.array(z.string()),
  }),
  trees: z.record(name, tree),
  virtualenvs: z.record(name, virtualenv),
  components: z.record(name, component),
  /** Folders of the install path outside the trees, e.g. `vfolder/local`. */
  folders: z.array(relative),
  files: z.array(file),
  /** TLS key pair of the storage-proxy's manager-facing side. */
  certificate: z.strictObject({ tree: name, certificate: relative, key: relative }),
  halfstack: z.strictObject({
    network: name,
    postgres: service,
    /** `password`: all components of the release can be told one. */
    redis: service.extend({ password: z.boolean() }),
    etcd: service,
  }),
  etcd: z.strictObject({
    /** What stands before every key, e.g. `/sorna/local/`. */
    prefix: z.string().startsWith('/'),
    fixtures: z.array(relative),
  }),
  database: z.strictObject({
    name: z.string(),
    user: z.string(),
    /** Upstream's command that makes the schema, run in a virtualenv and its tree. */
    schema: z.strictObject({ virtualenv: name, arguments: z.array(z.string()) }),
    /** What alembic calls the newest revision of that schema. */
    head: z.string(),
    tables: z.number().int().positive(),
    fixtures: z.array(relative),
  }),
  /** How the client of this release spells what we ask it; arguments of `backend.ai`. */
  client: z.strictObject({
    virtualenv: name,
    users: z.array(z.string()),
    agents: z.array(z.string()),
    hello: z.array(z.string()),
  }),
  /** Upstream's public example accounts; the first is the one to log in with. */
  accounts: z.array(account).min(1),
  /** Short names of kernel images, as upstream's script sets them. */
  imageAliases: z.record(z.string(), z.string()),
  /** Images of kernels to pull; `big` ones only when they are asked for. Bytes only for the estimate. */
  kernelImages: z
    .array(
      z.strictObject({
        image: z.string().regex(/^[^/]+\/.+:[^:/]+$/),
        bytes: z.number().int().positive(),
        big: z.boolean().default(false),
      }),
    )
    .default([]),
  /** By name; an environment has at most one of them. */
  accelerators: z.partialRecord(acceleratorName, accelerator).default({}),
  /** Memory and disk that an environment of this release needs, in bytes; only for prechecks. */
  needs: z.strictObject({ disk: z.number().int().positive(), memory: z.number().int().positive() }),
});

export type Release = Readonly<z.infer<typeof releaseSchema>>;
export type AcceleratorName = z.infer<typeof acceleratorName>;
export type Accelerator = NonNullable<Release['accelerators'][AcceleratorName]>;
export type Tree = Release['trees'][string];
/** A tree that the package index has. */
export type PublishedTree = Tree & { readonly package: NonNullable<Tree['package']> };
export type Component = Release['components'][string];
export type ReleaseFile = Release['files'][number];
export type ReleaseService = Release['halfstack']['postgres'];

/** The tree as one that the package index has; that it has none is known before anybody asks for it. */
export function published(tree: Tree): PublishedTree {
  const { package: distribution } = tree;
  if (distribution === undefined) throw new Error(`${tree.folder} is on no package index`);
  return { ...tree, package: distribution };
}

/** True once upstream's support for it is over. */
export const isPastSupport = ({ supportEnds }: Release, now: Date): boolean =>
  supportEnds < now.toISOString().slice(0, 10);

/** The services of a release's halfstack with the part that each plays. */
export function servicesOf(
  release: Release,
): readonly { role: 'postgres' | 'redis' | 'etcd'; service: ReleaseService }[] {
  const { postgres, redis, etcd } = release.halfstack;
  return [
    { role: 'postgres', service: postgres },
    { role: 'redis', service: redis },
    { role: 'etcd', service: etcd },
  ];
}
