// A Python of uv's own: one pinned build of python-build-standalone, for a machine that has none that fits.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { acquireLock } from '../environment/lock.ts';
import { buildSchema, type Build } from '../environment/spec.ts';
import { Failure } from '../failure.ts';
import { readAsset } from '../host/assets.ts';
import { kindOf, makeFolder, removeFile, writeWhole } from '../host/files.ts';
import { askFor, withoutCredentials } from '../host/http.ts';
import { flush } from '../host/flush.ts';
import { folderState, writeManifest } from '../host/manifest.ts';
import { partialOf } from '../host/partial.ts';
import { fileSize } from '../host/tail.ts';
import type { Host, World } from '../world.ts';
import { fits } from './interpreter.ts';
import { runUv, type UvPin } from './uv.ts';

const pinsSchema = z.strictObject({
  address: z.url(),
  /** One of each minor version, the last that was built of it. */
  builds: z.array(
    z.strictObject({
      version: z.string().regex(/^3\.\d+\.\d+$/),
      release: buildSchema.shape.release,
      /** By Node's platform and CPU. */
      files: z.record(z.string(), buildSchema.pick({ file: true, sha256: true })),
    }),
  ),
});

/** A Python that uv would install, or has installed. */
export interface ManagedPython {
  readonly version: string;
  /** Its program, there or not. */
  readonly path: string;
  readonly managed: Build;
}

/** How uv calls our platforms: system, processor, C library. */
const platforms: Readonly<Record<string, readonly [os: string, processor: string, library: string]>> = {
  'linux-x64': ['linux', 'x86_64', 'gnu'],
  'linux-arm64': ['linux', 'aarch64', 'gnu'],
  'darwin-x64': ['darwin', 'x86_64', 'none'],
  'darwin-arm64': ['darwin', 'aarch64', 'none'],
};

/** The pinned build for a wish of two or three parts on this platform; undefined if there is none. */
export function managedPython(host: Host, wish: string): ManagedPython | undefined {
  const platform = `${host.platform}-${host.architecture}`;
  const pin = pinsOf(host).builds.find(({ version }) => fits(version, wish));
  const file = pin?.files[platform];
  const names = platforms[platform];
  if (pin === undefined || file === undefined || names === undefined) return undefined;
  const { version, release } = pin;
  const [os, processor, library] = names;
  const name = ['cpython', version, os === 'darwin' ? 'macos' : os, processor, library].join('-');
  const minor = version.split('.').slice(0, 2).join('.');
  return {
    version,
    path: join(folderOf(host), name, 'bin', `python${minor}`),
    managed: { release, ...file },
  };
}

/** True if it is in our cache, as it was installed; one of an older bai-dev must at least not be empty. */
export async function isInstalled({ path }: Pick<ManagedPython, 'path'>): Promise<boolean> {
  const state = folderState(buildFolder(path));
  return state === 'whole' || (state === 'unlisted' && ((await fileSize(path)) ?? 0) > 0);
}

/** The folder of the whole build, from its program. */
const buildFolder = (path: string): string => dirname(dirname(path));

/** Seconds that a mirror may take to tell whether it has a build. */
const limit = 10;

/** Asks the mirror, and fetches nothing: how large the build is where that is told, or why it cannot be had. */
export async function askMirror(
  world: World,
  { managed }: Pick<ManagedPython, 'managed'>,
): Promise<{ readonly bytes?: number; readonly trouble?: string }> {
  const address = addressOf(world.host, managed);
  if (!URL.canParse(address)) return { trouble: 'UV_PYTHON_INSTALL_MIRROR holds no address.' };
  const url = new URL(address);
  if (url.protocol === 'file:') {
    const there = (await kindOf(fileURLToPath(url))) === 'file';
    return there ? {} : { trouble: `There is no ${fileURLToPath(url)}.` };
  }
  try {
    const { status, bytes } = await askFor(world, { url: url.href, limit, retries: 0 });
    if (status === 200) return bytes === undefined ? {} : { bytes };
    return { trouble: `${withoutCredentials(url.href)} answers with status ${status}.` };
  } catch (error) {
    world.signal.throwIfAborted();
    if (error instanceof Failure) return { trouble: error.message };
    throw error;
  }
}

/**
 * Has uv bring it into our cache, by its hash. Several runs may do so at once: uv keeps them from each other's way.
 * Throws `BAI-NETWORK`, `BAI-PYTHON-INSTALL`.
 */
export async function installManaged(
  world: World,
  wish: ManagedPython & {
    readonly uv: UvPin;
    readonly index: string;
    readonly onLine: (line: string) => void;
  },
): Promise<void> {
  const { version, path, managed, uv, index, onLine } = wish;
  if (await isInstalled(wish)) return;
  const folder = folderOf(world.host);
  await makeFolder(folder);
  const mirror = addressOf(world.host, managed);
  // another run must not replace a build that this one makes a virtualenv with
  const lock = await acquireLock(world, `${buildFolder(path)}.lock`, {
    command: `install Python ${version}`,
    waitSeconds: 900,
  });
  if (await isInstalled(wish)) return lock.release();
  // uv takes such a list in place of its own, and then installs this very build
  const list = partialOf(join(folder, 'builds.json'));
  try {
    await writeWhole(list, JSON.stringify(listOf(world.host, wish, mirror)));
    await runUv(world, {
      program: uv.program,
      args: [
        // what is there is damaged, or from a run that was cut off
        ...['python', 'install', '--reinstall', '--no-bin', '--install-dir', folder],
        ...['--python-downloads-json-url', list, version],
      ],
      ...{ index, mirror },
      failure: { code: 'BAI-PYTHON-INSTALL', reason: `Python ${version} could not be installed.` },
      onLine,
    });
    if (((await fileSize(path)) ?? 0) === 0)
      throw new Error(`uv did not install Python ${version} as ${path}`);
    await flush([buildFolder(path)]);
    await writeManifest(buildFolder(path));
  } finally {
    await removeFile(list);
    await lock.release();
  }
}

const folderOf = (host: Host): string => join(host.folders.cache, 'python');

/** On a mirror that is named as uv's users name it, else on the public one. */
function addressOf(host: Host, { release, file }: Build): string {
  const mirror = host.variables['UV_PYTHON_INSTALL_MIRROR'] || pinsOf(host).address;
  return `${mirror.replace(/\/+$/, '')}/${release}/${encodeURIComponent(file)}`;
}

const pinsOf = (host: Host): z.infer<typeof pinsSchema> =>
  pinsSchema.parse(JSON.parse(readAsset(host, 'templates/python.json')));

function listOf(host: Host, { version, managed }: ManagedPython, url: string): object {
  const [os, family, libc] = platforms[`${host.platform}-${host.architecture}`] ?? [];
  const [major, minor, patch] = version.split('.').map(Number);
  const build = {
    ...{ name: 'cpython', arch: { family, variant: null }, os, libc, major, minor, patch, prerelease: '' },
    ...{ url, sha256: managed.sha256, variant: null, build: managed.release },
  };
  return { [`cpython-${version}`]: build };
}
