// The journal of a restore: it is there from the first copy to the last adaptation of the data.
import { join } from 'node:path';
import * as z from 'zod';
import { Failure } from '../failure.ts';
import { readOwned, removeFile, writeWhole } from '../host/files.ts';
import type { Host } from '../world.ts';
import { parseJson } from './json.ts';
import { statePaths } from './names.ts';

const journalSchema = z.strictObject({
  schema: z.literal(1),
  /** While it is `staging` the stores hold the old data; from `exchanging` on nothing but going on makes them whole. */
  stage: z.enum(['staging', 'exchanging']),
  /** For people. */
  snapshot: z.string(),
  /** The password that the restored database has. */
  databasePassword: z.string(),
  /** Keys in etcd that are given the environment's own value if they still have that of where they come from. */
  keys: z.array(z.strictObject({ key: z.string(), from: z.string(), to: z.string() })),
});

export type RestoreJournal = Readonly<z.infer<typeof journalSchema>>;

const journalPath = (host: Host, id: string): string => join(statePaths(host, id).folder, 'restore.json');

/** The journal of a restore that is under way or was cut off; undefined if there is none. */
export async function readRestore(host: Host, id: string): Promise<RestoreJournal | undefined> {
  const path = journalPath(host, id);
  const found = await readOwned(path);
  if (found === undefined) return undefined;
  const parsed = journalSchema.safeParse(parseJson(found.text).content);
  if (parsed.success && found.uid === host.user.uid) return parsed.data;
  throw new Failure('BAI-RECORD-UNREADABLE', `The journal of a restore cannot be used: ${path}.`, {
    facts: { path },
    next: [{ purpose: 'look at it', command: `ls -l ${JSON.stringify(path)}` }],
  });
}

/** Durable once this returns. */
export async function writeRestore(
  host: Host,
  id: string,
  journal: Omit<RestoreJournal, 'schema'>,
): Promise<void> {
  const content: RestoreJournal = { schema: 1, ...journal };
  await writeWhole(journalPath(host, id), `${JSON.stringify(content, undefined, 1)}\n`);
}

/** Twice is once. */
export async function endRestore(host: Host, id: string): Promise<void> {
  await removeFile(journalPath(host, id));
}
