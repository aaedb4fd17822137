// Snapshots on disk: a folder each, which appears whole or not at all, and a list of all its files with their hashes.
import { join } from 'node:path';
import * as z from 'zod';
import { snapshotsFolder } from '../environment/names.ts';
import { parseJson } from '../environment/json.ts';
import { specSchema } from '../environment/spec.ts';
import { Failure } from '../failure.ts';
import { filesBelow, hashOfFile } from '../host/copy.ts';
import {
  kindOf,
  listFolder,
  makeFolder,
  moveOver,
  readOwned,
  removeEmptyFolder,
  removeWhole,
  writeWhole,
} from '../host/files.ts';
import { publish } from '../host/flush.ts';
import { fileSize } from '../host/tail.ts';
import type { Host } from '../world.ts';

const manifestSchema = z.strictObject({
  schema: z.literal(1),
  /** The environment that it was taken of. */
  id: z.string(),
  name: z.string(),
  /** ISO 8601. */
  createdAt: z.string(),
  release: z.string(),
  engine: z.enum(['docker', 'native']),
  /** What runs each store: the image, or the server's version. */
  servers: z.record(z.string(), z.string()),
  /** Stores that were not there to be saved. */
  missing: z.array(z.string()),
  /** The database's password lies in the data as well. */
  databasePassword: z.string(),
  /** Keys in etcd whose values are of the environment, not of its user: another one has its own. */
  keys: z.record(z.string(), z.string()),
  /** What it was saved before; absent for one that somebody asked for, and in those of older versions. */
  before: z.enum(['delete', 'reset', 'change', 'restore']).optional(),
  /**
   * What "one point in time" means. `stopped`: all servers were stopped while their data were copied, so that the three
   * stores are of the same moment, `createdAt`.
   */
  consistency: z.literal('stopped').optional(),
  /** What the environment was, so that it can be made again; its secrets are not in it. Older versions lack it. */
  spec: specSchema.optional(),
  /** Every file but this one, by its path in the folder. */
  files: z.array(z.strictObject({ path: z.string(), bytes: z.number(), sha256: z.string() })),
});

export type Manifest = Readonly<z.infer<typeof manifestSchema>>;

/** A snapshot as it is listed; without a manifest it cannot be used, and `trouble` tells why. */
export interface FoundSnapshot {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  readonly manifest?: Manifest;
  readonly trouble?: string;
}

/** The name beside others under which one is made; a run that was killed may have left it. */
export const halfSnapshot = '.partial';

const manifestName = 'manifest.json';
const namePattern = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** A name that a snapshot may have, or `BAI-USAGE`. */
export function parseSnapshotName(text: string): string {
  if (namePattern.test(text)) return text;
  const rule = 'letters, digits, dots, hyphens and underscores, 64 at most';
  throw new Failure('BAI-USAGE', `${JSON.stringify(text)} is no name of a snapshot: it has ${rule}.`);
}

/** Where a snapshot lies, also if there is none of that name. */
export const snapshotFolder = (host: Host, id: string, name: string): string =>
  join(snapshotsFolder(host, id), name);

/** Everything about a snapshot but its files. */
export type Described = Omit<Manifest, 'schema' | 'files' | 'missing'>;

/**
 * Makes a snapshot: `fill` puts files into a folder and names the stores that were missing. Throws `BAI-CONFLICT-OWNER`
 * if there is one of that name. What a killed run left half made is removed.
 */
export async function makeSnapshot(
  host: Host,
  described: Described,
  fill: (folder: string) => Promise<readonly string[]>,
): Promise<Manifest> {
  const { id, name } = described;
  const folder = snapshotFolder(host, id, name);
  await assertNameFree(host, id, name);
  const partial = join(snapshotsFolder(host, id), halfSnapshot);
  await removeWhole(partial);
  await makeFolder(partial, 0o700);
  try {
    const missing = await fill(partial);
    const files = await listed(partial);
    const manifest: Manifest = { schema: 1, ...described, missing: [...missing], files };
    await writeWhole(join(partial, manifestName), `${JSON.stringify(manifest, undefined, 1)}\n`);
    await publish(partial, folder);
    return manifest;
  } catch (error) {
    // a full disk is not to stay full
    await removeWhole(partial).catch(() => undefined);
    throw error;
  }
}

/** Throws `BAI-CONFLICT-OWNER` if there is a snapshot of that name, whole or not. */
export async function assertNameFree(host: Host, id: string, name: string): Promise<void> {
  const folder = snapshotFolder(host, id, name);
  if ((await kindOf(folder)) === undefined) return;
  throw new Failure('BAI-CONFLICT-OWNER', `There is already a snapshot ${name} of ${id}.`, {
    facts: { folder },
    next: [{ purpose: 'see all of them', command: `bai-dev snapshot list ${id}` }],
  });
}

/** The snapshots of an environment, or of all, the oldest first; those that are damaged too. */
export async function listSnapshots(host: Host, id?: string): Promise<FoundSnapshot[]> {
  const all = snapshotsFolder(host, '');
  const ids = id === undefined ? await listFolder(all) : [id];
  const found: FoundSnapshot[] = [];
  for (const each of ids) {
    const names = (await listFolder(snapshotsFolder(host, each))).filter((name) => namePattern.test(name));
    for (const name of names) found.push(await look(host, each, name));
  }
  return found.sort((a, b) => order(a).localeCompare(order(b)));
}

/**
 * The snapshot of that name, else the newest that no restore took: of two restores in a row the second is not to undo
 * the first. Throws `BAI-SNAPSHOT-ABSENT`, and `BAI-SNAPSHOT` for a damaged one.
 */
export async function findSnapshot(
  host: Host,
  id: string,
  name?: string,
): Promise<FoundSnapshot & { manifest: Manifest }> {
  const all = await listSnapshots(host, id);
  const found =
    name === undefined
      ? (all.findLast((one) => one.manifest?.before !== 'restore') ?? all.at(-1))
      : all.find((one) => one.name === name);
  if (found === undefined) {
    const what = name === undefined ? 'no snapshot' : `no snapshot ${name}`;
    throw new Failure('BAI-SNAPSHOT-ABSENT', `There is ${what} of ${id}.`, {
      next: [{ purpose: 'see what there is', command: 'bai-dev snapshot list' }],
    });
  }
  const { manifest } = found;
  if (manifest === undefined) throw damaged(found, found.trouble ?? 'it cannot be read');
  return { ...found, manifest };
}

/** Reads every file. Throws `BAI-SNAPSHOT` if one is not as it was when the snapshot was made. */
export async function verifySnapshot(found: FoundSnapshot & { manifest: Manifest }): Promise<void> {
  const now = new Map((await listed(found.folder)).map((file) => [file.path, file.sha256]));
  const wanted = new Map(found.manifest.files.map((file) => [file.path, file.sha256]));
  for (const path of new Set([...wanted.keys(), ...now.keys()])) {
    const why = !now.has(path) ? 'is gone' : !wanted.has(path) ? 'was added' : 'has changed';
    if (now.get(path) !== wanted.get(path)) throw damaged(found, `${path} ${why}`);
  }
}

/** Twice is once; nothing is ever seen that is half removed. */
export async function removeSnapshot(host: Host, id: string, name: string): Promise<void> {
  const folder = snapshotFolder(host, id, name);
  const aside = join(snapshotsFolder(host, id), '.removed');
  await removeWhole(aside);
  if ((await kindOf(folder)) !== undefined) await moveOver(folder, aside);
  await removeWhole(aside);
  await removeEmptyFolder(snapshotsFolder(host, id));
  await removeEmptyFolder(snapshotsFolder(host, ''));
}

/** Bytes of all its files. */
export const bytesOf = ({ files }: Manifest): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

async function listed(folder: string): Promise<Manifest['files']> {
  const files: Manifest['files'] = [];
  for (const path of await filesBelow(folder)) {
    if (path === manifestName) continue;
    const full = join(folder, path);
    files.push({ path, bytes: (await fileSize(full)) ?? 0, sha256: await hashOfFile(full) });
  }
  return files;
}

async function look(host: Host, id: string, name: string): Promise<FoundSnapshot> {
  const folder = snapshotFolder(host, id, name);
  const known = { id, name, folder };
  try {
    const found = await readOwned(join(folder, manifestName));
    if (found === undefined) return { ...known, trouble: 'its list of files is gone' };
    if (found.uid !== host.user.uid) return { ...known, trouble: `it belongs to user ${found.uid}` };
    const parsed = manifestSchema.safeParse(parseJson(found.text).content);
    if (!parsed.success) return { ...known, trouble: 'its list of files is broken' };
    const { data } = parsed;
    if (data.id !== id || data.name !== name) return { ...known, trouble: 'it is of another name' };
    return { ...known, manifest: data };
  } catch (error) {
    if (error instanceof Failure) return { ...known, trouble: error.message };
    return { ...known, trouble: 'its list of files is not JSON' };
  }
}

const order = ({ manifest, id, name }: FoundSnapshot): string => `${manifest?.createdAt ?? ''} ${id} ${name}`;

function damaged({ id, name, folder }: FoundSnapshot, why: string): Failure {
  return new Failure('BAI-SNAPSHOT', `The snapshot ${name} of ${id} cannot be used: ${why}.`, {
    facts: { folder },
    next: [{ purpose: 'see the others', command: `bai-dev snapshot list ${id}` }],
  });
}
