// Finds and stops the servers of a native halfstack: what runs our program in our data folder is ours, nothing else.
import { basename } from 'node:path';
import * as z from 'zod';
import type { ServerRole } from '../../environment/servers.ts';
import { Failure } from '../../failure.ts';
import { readText, removeFile, writeWhole } from '../../host/files.ts';
import {
  isStandingIn,
  livingIn,
  livingInEach,
  signalLiving,
  standsIn,
  waitForEnd,
  type Living,
} from '../../host/living.ts';
import { serverUser } from '../../host/owner.ts';
import { realPath } from '../../host/path.ts';
import { commandOf, isOfAny, ownUid, processStart } from '../../host/proc.ts';

/** What tells a server from all other processes: which program it runs, and the folder that it stands in. */
export interface ServerPlace {
  readonly role: ServerRole;
  /** Its data folder, in which it stands. */
  readonly data: string;
  /** Its program, as it is started. */
  readonly program: string;
}

/** Gentle first; each with the seconds it may take. PostgreSQL's SIGINT ends connections, SIGTERM would wait for them. */
const farewells: Readonly<Record<ServerRole, readonly (readonly [NodeJS.Signals, seconds: number])[]>> = {
  postgres: [
    ['SIGINT', 30],
    ['SIGQUIT', 5],
    ['SIGKILL', 5],
  ],
  redis: [
    ['SIGTERM', 15],
    ['SIGKILL', 5],
  ],
  etcd: [
    ['SIGTERM', 15],
    ['SIGKILL', 5],
  ],
};

/** The server that runs there; undefined if none does. Only looks. */
export async function findServer(place: ServerPlace): Promise<Living | undefined> {
  return (await serversIn(place))[0];
}

/** In which of these places a server runs, by one look at the machine. */
export async function runningServers<P extends ServerPlace>(places: readonly P[]): Promise<P[]> {
  const living = await livingInEach(places.map(({ data }) => data));
  const runs = await Promise.all(
    places.map(async (place) => (await serversAmong(place, living.get(place.data) ?? [])).length > 0),
  );
  return places.filter((_, at) => runs[at]);
}

/** Beside the data: where the system does not tell who stands in a folder, this is how a server is found again. */
export async function noteServer(place: ServerPlace, server: Pick<Living, 'pid' | 'started'>): Promise<void> {
  await writeWhole(notePath(place), JSON.stringify({ pid: server.pid, started: server.started }));
}

/**
 * Stops the server that runs there, and what a server that was killed left of itself; true if there was one.
 * Returns when nothing of it lives. Throws `BAI-ENGINE` if something cannot be ended.
 */
export async function stopServer(place: ServerPlace): Promise<boolean> {
  const users = await serverUsers();
  const [main] = await serversIn(place);
  if (main !== undefined) {
    for (const [signal, seconds] of farewells[place.role]) {
      if (!(await signalLiving(main, signal, users))) break;
      if ((await waitForEnd([main], seconds)).length === 0) break;
    }
  }
  const orphans = await waitForEnd(
    await membersAmong(place, await livingIn(place.data)),
    main === undefined ? 0 : 1,
  );
  await Promise.all(orphans.map((orphan) => signalLiving(orphan, 'SIGKILL', users)));
  const [stubborn] = await waitForEnd(orphans, 5);
  if (stubborn !== undefined) {
    throw new Failure('BAI-ENGINE', `Process ${stubborn.pid} (${place.role}) cannot be ended.`, {
      next: [{ purpose: 'look at it', command: `ps -fp ${stubborn.pid}` }],
    });
  }
  await removeFile(notePath(place));
  return main !== undefined || orphans.length > 0;
}

/** Servers, the oldest first: of a process that was just forked from one nothing tells it apart. */
async function serversIn(place: ServerPlace): Promise<Living[]> {
  return serversAmong(place, await livingIn(place.data));
}

async function serversAmong(place: ServerPlace, there: readonly Living[]): Promise<Living[]> {
  const members = await membersAmong(place, there);
  // what PostgreSQL forks calls itself `postgres: checkpointer`, and may outlive it for a while
  const servers = members.filter(({ command }) => !command.startsWith('postgres: '));
  if (servers.length > 0) return servers;
  const noted = await notedServer(place);
  return noted === undefined ? [] : [noted];
}

/**
 * All processes of the server. Their program is told by its name, not its place: a server outlives a cache that was
 * moved. Debian's redis-server is a link to a program of another name.
 */
async function membersAmong({ program }: ServerPlace, there: readonly Living[]): Promise<Living[]> {
  const names = [program, (await realPath(program)) ?? program].map((path) => basename(path));
  const named = there.filter((one) => one.program !== undefined && names.includes(basename(one.program)));
  const users = await serverUsers();
  const ours = await Promise.all(named.map(({ pid }) => isOfAny(pid, users)));
  return named.filter((_, at) => ours[at]);
}

/** Who runs an environment's servers: this user, and where that is root also the one that PostgreSQL runs as. */
async function serverUsers(): Promise<readonly number[]> {
  return ownUid === 0 ? [ownUid, (await serverUser()).uid] : [ownUid];
}

const noteSchema = z.object({ pid: z.number().int().positive(), started: z.string().min(1) });
const notePath = ({ data }: ServerPlace): string => `${data}.process`;

async function notedServer(place: ServerPlace): Promise<Living | undefined> {
  const note = noteOf(await readText(notePath(place)));
  if (note === undefined || (await processStart(note.pid)) !== note.started) return undefined;
  if (!(await isOfAny(note.pid, await serverUsers()))) return undefined;
  if ((await standsIn(note.pid)) !== undefined && !(await isStandingIn(note.pid, place.data)))
    return undefined;
  const command = await commandOf(note.pid);
  return command?.startsWith(place.program) === true ? { ...note, command } : undefined;
}

function noteOf(text: string | undefined): z.infer<typeof noteSchema> | undefined {
  try {
    return text === undefined ? undefined : noteSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
