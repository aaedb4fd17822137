// What all agents of a Docker engine share and leave there: the volumes with what sessions run in, and the images of the
// agents' own containers. Nothing on them tells who made them, so we look before an agent of ours starts and after.
import { join } from 'node:path';
import * as z from 'zod';
import { connectTo, type Connection } from '../docker/client.ts';
import { allContainers } from '../docker/containers.ts';
import { imageNames, removeImage } from '../docker/images.ts';
import { allVolumes, removeVolume } from '../docker/volumes.ts';
import { acquireLock } from '../environment/lock.ts';
import { listIds, readRecord } from '../environment/store.ts';
import { Failure } from '../failure.ts';
import { makeFolder, readOwned, removeFile, writeWhole } from '../host/files.ts';
import type { Host, World } from '../world.ts';

/** Volumes by the beginning of their names, images by their names (facts 14.3). */
const volumePrefix = 'backendai-krunner.';
const images = ['backendai-krunner-extractor:latest', 'backendai-socket-relay:latest'];
/** Labels that begin so are on every container of an agent, sessions too. */
const agentLabel = 'ai.backend.';

/** `volume NAME` or `image NAME`, as a person says it. */
const thing = z.string().regex(/^(volume|image) \S+$/);

const journalSchema = z.record(
  /** The address of an engine. */
  z.string(),
  z.strictObject({
    /** What came while an agent of ours started. */
    made: z.array(thing),
    /** While one starts: what was there before. */
    before: z.array(thing).optional(),
  }),
);

type Journal = Readonly<z.infer<typeof journalSchema>>;
type Entry = Journal[string];

/** Looks at an engine before an agent starts there. What an earlier start that was cut off saw before it still counts. */
export function beforeAgent(world: World, engine: string): Promise<void> {
  return change(world, engine, async (entry = { made: [] }) => ({
    before: await sharedThings(connectTo(world, engine)),
    ...entry,
  }));
}

/** Looks again once it is ready, or has failed. What cannot be looked at now is when the next one asks. */
export async function afterAgent(world: World, engine: string): Promise<void> {
  await change(world, engine, (entry) => settled(world, engine, entry)).catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
  });
}

/**
 * Removes from every engine that no other environment of this user can use what came there while agents of ours
 * started; gives its names. As long as a container of any agent is there, all of it stays: it may be in use. What
 * cannot be removed is tried again after the next environment.
 */
export async function removeShared(world: World): Promise<string[]> {
  const removed: string[] = [];
  for (const engine of Object.keys(await readJournal(world.host))) {
    if (await isUsedByOurs(world, engine)) continue;
    const remove = async (entry: Entry | undefined): Promise<Entry | undefined> => {
      const { made = [] } = (await settled(world, engine, entry)) ?? {};
      const connection = connectTo(world, engine);
      const containers = await allContainers(connection);
      const isInUse = containers.some(({ labels }) =>
        Object.keys(labels).some((label) => label.startsWith(agentLabel)),
      );
      if (isInUse) return { made };
      for (const name of made) if (await removeThing(connection, name)) removed.push(name);
      return undefined;
    };
    await change(world, engine, remove).catch((error: unknown) => {
      world.signal.throwIfAborted();
      if (!(error instanceof Failure)) throw error;
      const message = `What agents share in Docker is still there. ${error.message}`;
      world.report.emit({ kind: 'note', severity: 'warning', message });
    });
  }
  return removed;
}

async function settled(world: World, engine: string, entry: Entry | undefined): Promise<Entry | undefined> {
  if (entry?.before === undefined) return entry;
  const { made, before } = entry;
  const now = await sharedThings(connectTo(world, engine));
  return { made: [...new Set([...made, ...now.filter((name) => !before.includes(name))])] };
}

async function sharedThings(connection: Connection): Promise<string[]> {
  const [volumes, named] = await Promise.all([allVolumes(connection), imageNames(connection)]);
  return [
    ...volumes.filter(({ name }) => name.startsWith(volumePrefix)).map(({ name }) => `volume ${name}`),
    ...named.filter((name) => images.includes(name)).map((name) => `image ${name}`),
  ];
}

function removeThing(connection: Connection, thingName: string): Promise<boolean> {
  const [kind, name = ''] = thingName.split(' ');
  return kind === 'volume' ? removeVolume(connection, name) : removeImage(connection, name);
}

/** One whose record cannot be read may use any engine; a native halfstack's agent uses whichever there is. */
async function isUsedByOurs({ host }: World, engine: string): Promise<boolean> {
  const ids = await listIds(host);
  const records = await Promise.all(ids.map((id) => readRecord(host, id).catch(() => undefined)));
  return records.some((one) => one?.spec.engine !== 'docker' || one.spec.engineAddress === engine);
}

const journalPath = ({ folders }: Host): string => join(folders.state, 'agents.json');

/** Under a lock of its own: agents of several environments may start at once. An entry with nothing in it goes. */
async function change(
  world: World,
  engine: string,
  edit: (entry: Entry | undefined) => Promise<Entry | undefined>,
): Promise<void> {
  const { host } = world;
  await makeFolder(host.folders.state, 0o700);
  const lock = await acquireLock(world, join(host.folders.state, 'agents.lock'), {
    command: 'look at what agents share',
    waitSeconds: 60,
  });
  try {
    const { [engine]: entry, ...others } = await readJournal(host);
    const next = await edit(entry);
    const isEmpty = next === undefined || (next.made.length === 0 && next.before === undefined);
    const journal: Journal = isEmpty ? others : { ...others, [engine]: next };
    if (Object.keys(journal).length === 0) await removeFile(journalPath(host));
    else await writeWhole(journalPath(host), `${JSON.stringify(journal, undefined, 2)}\n`);
  } finally {
    await lock.release();
  }
}

/** One that cannot be read tells of nothing: then all of it stays. */
async function readJournal(host: Host): Promise<Journal> {
  const found = await readOwned(journalPath(host));
  if (found === undefined || found.uid !== host.user.uid) return {};
  try {
    return journalSchema.parse(JSON.parse(found.text));
  } catch {
    return {};
  }
}
