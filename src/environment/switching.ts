// The journal of a switch: which environment is changed to, and what ran before. It is there while the switch lasts.
import { join } from 'node:path';
import * as z from 'zod';
import { Failure } from '../failure.ts';
import { makeFolder, readOwned, removeFile, writeWhole } from '../host/files.ts';
import type { Host } from '../world.ts';
import { parseJson } from './json.ts';

const runningSchema = z.strictObject({
  id: z.string(),
  halfstack: z.boolean(),
  /** Names of its daemons. */
  daemons: z.array(z.string()),
});

const journalSchema = z.strictObject({
  schema: z.literal(1),
  target: z.string(),
  /** Whether the target's daemons are to run. */
  daemons: z.boolean(),
  /** What ran when it began, the target too if that did: to be brought back if the target does not get well. */
  before: z.array(runningSchema),
  stage: z.enum(['stopping', 'starting', 'undoing']),
  /** ISO 8601. */
  since: z.string(),
});

/** An environment of which something runs. */
export type RunningEnvironment = Readonly<z.infer<typeof runningSchema>>;
export type SwitchJournal = Readonly<z.infer<typeof journalSchema>>;

/** The journal, and the lock under which it is written. */
export const switchPaths = ({ folders }: Host) => ({
  journal: join(folders.state, 'switch.json'),
  lock: join(folders.state, 'switch.lock'),
});

/** The journal of a switch that is under way or was cut off; undefined if there is none. */
export async function readSwitch(host: Host): Promise<SwitchJournal | undefined> {
  const path = switchPaths(host).journal;
  const found = await readOwned(path);
  if (found === undefined) return undefined;
  const parsed = journalSchema.safeParse(parseJson(found.text).content);
  if (parsed.success && found.uid === host.user.uid) return parsed.data;
  const why = parsed.success ? `it belongs to user ${found.uid}` : 'it is broken';
  throw new Failure('BAI-RECORD-UNREADABLE', `The journal of a switch cannot be used, ${path}: ${why}.`, {
    facts: { path },
    next: [
      { purpose: 'look at it', command: `cat ${JSON.stringify(path)}` },
      { purpose: 'go on without what it tells', command: `rm ${JSON.stringify(path)}` },
    ],
  });
}

/** Durable once this returns. */
export async function writeSwitch(host: Host, journal: SwitchJournal): Promise<void> {
  await makeFolder(host.folders.state, 0o700);
  await writeWhole(switchPaths(host).journal, `${JSON.stringify(journal, undefined, 2)}\n`);
}

/** Twice is once. */
export async function endSwitch(host: Host): Promise<void> {
  await removeFile(switchPaths(host).journal);
}
