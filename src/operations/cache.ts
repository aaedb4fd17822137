// What the cache holds by kind, and which of it no environment of this user needs.
import { join } from 'node:path';
import { acquireLock } from '../environment/lock.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { listIds, readRecord } from '../environment/store.ts';
import { packageFolder } from '../halfstack/native/fetch.ts';
import { listFolder, removeWhole } from '../host/files.ts';
import { usageOf, type Counted } from '../host/usage.ts';
import { uvPin } from '../python/uv.ts';
import type { Host, World } from '../world.ts';
import { consent } from './consent.ts';

/** The shape is a contract: `bai-dev cache --json` prints it. */
export interface CacheRow {
  /** `uv`, `packages`, `python`, `servers`, `resolutions`, `downloads`, or `other` for what bai-dev does not know. */
  readonly kind: string;
  /** Bytes on disk, as `du` counts them. */
  readonly bytes: number;
  /** Those of them that no environment needs. */
  readonly unneeded: number;
}

export interface CacheResult {
  readonly folder: string;
  readonly rows: readonly CacheRow[];
  /** Of the whole folder. */
  readonly bytes: number;
  /** What was removed, and by how much the folder shrank; only after a prune. */
  readonly removed?: readonly string[];
  readonly freed?: number;
}

/** Read-only. Throws for a record that cannot be read, as what its environment needs cannot be known. */
export async function showCache(world: World): Promise<CacheResult> {
  const { host } = world;
  const { rows, bytes } = await measure(host, await entriesOf(host));
  return { folder: host.folders.cache, rows, bytes };
}

/**
 * Removes what no registered environment needs, after a yes. No install can begin meanwhile: it could count on what
 * goes. Nothing that bai-dev does not know is removed.
 */
export async function pruneCache(world: World, { yes }: { readonly yes: boolean }): Promise<CacheResult> {
  const { host } = world;
  const before = await measure(host, await entriesOf(host));
  const unneeded = before.rows.reduce((sum, row) => sum + row.unneeded, 0);
  const folder = host.folders.cache;
  if (unneeded === 0) return { folder, ...before, removed: [], freed: 0 };
  await consent(world, {
    yes,
    question: `Remove ${Math.ceil(unneeded / 1e6)} MB from ${folder} that no environment needs?`,
    act: 'Pruning the cache',
    command: 'bai-dev cache prune --yes',
    declined: 'Nothing has been removed.',
  });
  const lock = await acquireLock(world, join(host.folders.state, 'leases.lock'), {
    command: 'cache prune',
    waitSeconds: 60,
  });
  const removed: string[] = [];
  try {
    for (const entry of await entriesOf(host)) {
      if (entry.needed) continue;
      world.signal.throwIfAborted();
      await removeWhole(entry.path);
      removed.push(entry.path);
    }
  } finally {
    await lock.release();
  }
  const after = await measure(host, await entriesOf(host));
  return { folder, ...after, removed, freed: before.bytes - after.bytes };
}

interface Entry {
  readonly kind: string;
  readonly path: string;
  readonly needed: boolean;
}

/** Everything in the cache that is kept or removed as a whole. */
async function entriesOf(host: Host): Promise<Entry[]> {
  const records = await recordsOf(host);
  const { cache } = host.folders;
  const below = async (folder: string): Promise<{ name: string; path: string }[]> =>
    (await listFolder(join(cache, folder))).map((name) => ({ name, path: join(cache, folder, name) }));
  const isAny = records.length > 0;
  const entries: Entry[] = [];
  for (const { name, path } of await below('uv')) {
    // packages: virtualenvs that are made again take them from there
    const kind = ['packages', 'temporary'].includes(name) ? 'packages' : 'uv';
    entries.push({ kind, path, needed: isAny && (kind === 'packages' || name === uvPin(host).version) });
  }
  const pythons = records.map(({ spec }) => spec.python.path);
  for (const { path } of await below('python')) {
    entries.push({ kind: 'python', path, needed: pythons.some((one) => one.startsWith(`${path}/`)) });
  }
  const servers = serverFolders(host, records);
  for (const { path } of await below('servers')) {
    // a lock or a half beside a package is of whoever fetches it
    entries.push({ kind: 'servers', path, needed: servers.some((one) => path.startsWith(one)) });
  }
  // which of them an environment would take again depends on the files of its trees
  for (const { path } of await below('resolutions'))
    entries.push({ kind: 'resolutions', path, needed: isAny });
  // by the hash of their file, which the spec of whoever needs them names
  const known = `${JSON.stringify(records.map(({ spec, former }) => [spec, former]))} ${uvPin(host).wheel.sha256}`;
  for (const { name, path } of await below('downloads')) {
    entries.push({ kind: 'downloads', path, needed: isAny && known.includes(name) });
  }
  return entries;
}

/** Of all environments, also of those that are partly installed or deleted. */
async function recordsOf(host: Host): Promise<EnvironmentRecord[]> {
  const records: EnvironmentRecord[] = [];
  for (const id of await listIds(host)) {
    const record = await readRecord(host, id);
    if (record !== undefined) records.push(record);
  }
  return records;
}

function serverFolders(host: Host, records: readonly EnvironmentRecord[]): string[] {
  const specs = records.flatMap(({ spec, former = [] }) => [spec, ...former]);
  const servers = specs.flatMap((spec) => Object.values(spec.servers ?? {}));
  return servers.flatMap((server) => (server.source === 'path' ? [] : [packageFolder(host, server)]));
}

async function measure(host: Host, entries: readonly Entry[]): Promise<Pick<CacheResult, 'rows' | 'bytes'>> {
  const counted: Counted = new Set();
  const rows = new Map<string, { bytes: number; unneeded: number }>();
  const add = (kind: string, bytes: number, needed: boolean): void => {
    const row = rows.get(kind) ?? { bytes: 0, unneeded: 0 };
    row.bytes += bytes;
    if (!needed) row.unneeded += bytes;
    rows.set(kind, row);
  };
  for (const { kind, path, needed } of entries) add(kind, await usageOf(path, counted), needed);
  const bytes = await usageOf(host.folders.cache);
  const known = [...rows.values()].reduce((sum, row) => sum + row.bytes, 0);
  // folders between, and what others put there
  if (bytes > known) add('other', bytes - known, true);
  return { rows: [...rows].map(([kind, row]) => ({ kind, ...row })), bytes };
}
