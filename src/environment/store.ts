// Records on disk: one folder an environment in the state folder, private to its user; no index.
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { Failure } from '../failure.ts';
import {
  kindOf,
  linkAmong,
  listFolder,
  makeFolder,
  readOwned,
  removeEmptyFolder,
  removeFile,
  removeWhole,
  writeWhole,
} from '../host/files.ts';
import { quoted } from '../quoted.ts';
import type { Release } from '../release/release.ts';
import type { Host } from '../world.ts';
import { isId } from './id.ts';
import { parseJson } from './json.ts';
import { readMarker, type Marker } from './marker.ts';
import { environmentsFolder, statePaths } from './names.ts';
import { strayPath } from './places.ts';
import { withdrawLease } from './publicleases.ts';
import { recordSchema, type EnvironmentRecord } from './record.ts';
import { specSchema } from './spec.ts';

/** The newest shape of a record that this program knows. */
const schema = recordSchema.shape.schema.value;

/**
 * The record of an environment; undefined if there is none. Throws `BAI-RECORD-UNREADABLE` for one that is broken,
 * lies behind a symbolic link or belongs to another user, and `BAI-RECORD-NEWER`.
 */
export async function readRecord(host: Host, id: string): Promise<EnvironmentRecord | undefined> {
  const { record: path } = statePaths(host, id);
  assertNoLink(host, id);
  const found = await readOwned(path);
  if (found === undefined) return undefined;
  if (found.uid !== host.user.uid) {
    throw unreadable(id, path, `it belongs to user ${found.uid} and this is user ${host.user.uid}`);
  }
  const { content, fault } =
    found.fault === undefined ? parseJson(found.text) : { ...found, content: undefined };
  if (fault !== undefined) throw unreadable(id, path, fault);
  const written =
    typeof content === 'object' && content !== null && 'schema' in content ? content.schema : undefined;
  if (typeof written === 'number' && written > schema) {
    throw new Failure(
      'BAI-RECORD-NEWER',
      `The record of ${id} was written by a newer bai-dev: ${path} has schema ${written}, this program knows ${schema}.`,
      { facts: { path, schema: written }, next: [{ purpose: 'update', command: 'git pull && npm ci' }] },
    );
  }
  const checked = check(content);
  if (!checked.success) throw unreadable(id, path, wrong(checked.error));
  if (checked.data.spec.id !== id) throw unreadable(id, path, `it is the record of ${checked.data.spec.id}`);
  const stray = strayPath(host, checked.data);
  if (stray !== undefined) {
    throw unreadable(id, path, `${JSON.stringify(stray)} is not a place where things of ${id} are`);
  }
  return checked.data;
}

/** Writes the record, whole or not at all; it survives a power cut once this returns. */
export async function writeRecord(host: Host, record: EnvironmentRecord): Promise<void> {
  const text = `${JSON.stringify(record, null, 2)}\n`; // now: the record may change while we wait
  const paths = statePaths(host, record.spec.id);
  assertNoLink(host, record.spec.id);
  await makeFolder(paths.folder, 0o700);
  await writeWhole(paths.record, text, 0o600);
}

/** The IDs of all environments that have a record, readable or not, sorted. */
export async function listIds(host: Host): Promise<string[]> {
  const names = (await listFolder(environmentsFolder(host))).filter(isId);
  const kinds = await Promise.all(names.map((id) => kindOf(statePaths(host, id).record)));
  return names.filter((_, at) => kinds[at] !== undefined);
}

/**
 * Removes what the state folder knows of an environment; twice is once. The record goes last, so that what is
 * interrupted is found again. The lock stays with whoever holds it and takes the empty folder along.
 */
export async function forgetEnvironment(host: Host, id: string): Promise<void> {
  const { folder, record, lock } = statePaths(host, id);
  assertNoLink(host, id);
  for (const name of await listFolder(folder)) {
    const path = join(folder, name);
    const isLock = path === lock || path.startsWith(`${lock}.`);
    if (path !== record && !isLock) await removeWhole(path);
  }
  await removeFile(record);
  await withdrawLease(host, id);
  await removeEmptyFolder(folder);
}

/** The environment in whose install path a path lies, by the marker file there; undefined if in none. */
export async function environmentOfPath(
  host: Host,
  path: string,
): Promise<(Marker & { readonly installPath: string }) | undefined> {
  for (let folder = resolve(host.cwd, path); ; folder = dirname(folder)) {
    const marker = await readMarker(folder);
    if (marker !== undefined) return { ...marker, installPath: folder };
    if (folder === dirname(folder)) return undefined;
  }
}

/** Others could lead us elsewhere by a link: the folders and files of the state are never links. */
function assertNoLink(host: Host, id: string): void {
  const { folder, record } = statePaths(host, id);
  const link = linkAmong([environmentsFolder(host), folder, record]);
  if (link !== undefined) throw unreadable(id, link, 'it is a symbolic link');
}

/** Releases by their text, as records hold them: most environments of a machine are of few releases. */
const releases = new Map<string, Release>();

/** The record with everything in it checked; the same release, which is most of a record, only once. */
function check(content: unknown): z.ZodSafeParseResult<EnvironmentRecord> {
  const text = JSON.stringify(releaseIn(content));
  const known = releases.get(text);
  if (known === undefined) {
    const checked = recordSchema.safeParse(content);
    if (checked.success) releases.set(text, checked.data.spec.release);
    return checked;
  }
  const checked = withoutRelease.safeParse(content);
  if (!checked.success) return checked;
  return { success: true, data: { ...checked.data, spec: { ...checked.data.spec, release: known } } };
}

const withoutRelease = recordSchema.extend({ spec: specSchema.extend({ release: z.custom<Release>() }) });

function releaseIn(content: unknown): unknown {
  const inside = (value: unknown, name: string): unknown =>
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  return inside(inside(content, 'spec'), 'release') ?? null;
}

function unreadable(id: string, path: string, why: string): Failure {
  return new Failure('BAI-RECORD-UNREADABLE', `The record of ${id} cannot be used, ${path}: ${why}.`, {
    facts: { path },
    next: [
      { purpose: 'look at it', command: `ls -l ${quoted(path)}` },
      {
        purpose: 'or give it up, and the ID is free again',
        command: `mv ${quoted(path)} ${quoted(`${path}.bad`)}`,
      },
    ],
  });
}

/** The first thing that is wrong, by its place; never by its value, which may be a secret. */
function wrong({ issues }: z.ZodError): string {
  const [issue] = issues;
  const path = issue?.path.join('.').slice(0, 200) ?? '';
  const place = path === '' ? 'the whole' : path;
  return `${place}: ${issue?.message ?? 'unknown'}`;
}
