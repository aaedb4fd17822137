// PostgreSQL as a process of this user: a cluster made by initdb, reachable on loopback and by password only.
import { dirname, join } from 'node:path';
import { Failure } from '../../failure.ts';
import { execute, type Output } from '../../host/exec.ts';
import {
  kindOf,
  listFolder,
  makeFolder,
  readText,
  removeFile,
  removeWhole,
  writeWhole,
} from '../../host/files.ts';
import { publish } from '../../host/flush.ts';
import { giveTo, shareFolder } from '../../host/owner.ts';
import { loopback, settingsIn, without, type Job, type NativeServer } from './launch.ts';

/** Seconds; a second on an ordinary disk. */
const limit = 300;

export const postgresServer: NativeServer = {
  makeData,
  /**
   * After a crash its own file names a process. A zombie of that ID, or another process of this user that has it by
   * now, would keep PostgreSQL from starting; that nobody stands in the data folder is known already.
   */
  unlock: async ({ world, place }) => {
    if (world.host.platform === 'linux') await removeFile(join(place.data, 'postmaster.pid'));
  },
  launch: async (job) => {
    await shareSoftware(job);
    return {
      // above its file, which is made once: a change may have moved it to another port
      args: ['-D', job.place.data, '-c', `port=${job.stack.endpoints.postgres.port}`],
      environment: variables(job),
      ...(job.user === undefined ? {} : { user: job.user }),
    };
  },
};

async function makeData(job: Job): Promise<void> {
  const { stack, place } = job;
  const kind = await kindOf(place.data);
  // an empty folder gives way to a new cluster; whatever else is there is PostgreSQL's to judge, a link among it
  if (kind !== undefined && (kind !== 'folder' || (await listFolder(place.data)).length > 0)) return;
  await shareSoftware(job);
  const { user, password, database } = stack.endpoints.postgres;
  const partial = `${place.data}.partial`;
  const passwordFile = `${place.data}.password`;
  await removeWhole(partial);
  await makeFolder(partial, 0o700);
  await give(job, partial);
  const initdb = (...args: readonly string[]): Promise<Output> => run(job, 'initdb', { args });
  try {
    await writeWhole(passwordFile, `${password}\n`, 0o600);
    await give(job, passwordFile);
    await initdb(
      ...['-D', partial, '-U', user, `--pwfile=${passwordFile}`, '-A', 'scram-sha-256'],
      ...['-E', 'UTF8', '--locale=C', '--no-sync'],
    );
  } finally {
    await removeFile(passwordFile);
  }
  await configure(job, partial);
  if (database !== 'postgres') await createDatabase(job, { partial, database });
  // all at once at the end instead of file by file
  await initdb('-D', partial, '--sync-only');
  await publish(partial, place.data);
}

/** A server without its network, that reads one statement. It goes on after an error, and ends well. */
async function createDatabase(
  job: Job,
  { partial, database }: { partial: string; database: string },
): Promise<void> {
  const args = ['--single', '-D', partial, 'postgres'];
  const input = `CREATE DATABASE "${database.replaceAll('"', '""')}";\n`;
  const { stdout, stderr } = await run(job, 'postgres', { args, input });
  const error = /^.*(?:ERROR|FATAL|PANIC): .*$/m.exec(`${stdout}\n${stderr}`)?.[0];
  if (error !== undefined) {
    throw new Failure('BAI-DATABASE', `PostgreSQL could not create the database ${database}: ${error}.`);
  }
}

/** The last setting of a name counts, so ours stand below all that initdb found out. */
async function configure(job: Job, partial: string): Promise<void> {
  const { stack, service, world } = job;
  const settings: [string, string][] = [
    ['timezone', 'UTC'],
    ['log_timezone', 'UTC'],
    ...settingsIn(service),
    ['listen_addresses', loopback],
    ['port', String(stack.endpoints.postgres.port)],
    // their paths may be 107 bytes long at most
    ['unix_socket_directories', ''],
    ...(world.host.platform === 'linux'
      ? ([['dynamic_shared_memory_type', 'sysv']] satisfies [string, string][])
      : []),
  ];
  const path = join(partial, 'postgresql.conf');
  const lines = settings.map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  const text = `${(await readText(path)) ?? ''}\n# Written by bai-dev\n${lines.join('\n')}\n`;
  await writeWhole(path, text, 0o600);
  await give(job, path);
}

/** Root's own folders are closed to the user that PostgreSQL runs as: its programs get names outside. */
async function shareSoftware({ places, place }: Job): Promise<void> {
  const software = places.elsewhere?.software;
  if (software === undefined || (await kindOf(place.program)) === 'file') return;
  const partial = `${software.to}.partial`;
  for (const path of [partial, software.to]) await removeWhole(path);
  await makeFolder(dirname(software.to), 0o755);
  await shareFolder(software.from, partial);
  await publish(partial, software.to);
}

interface Call {
  readonly args: readonly string[];
  readonly input?: string;
}

function run(job: Job, program: string, { args, input }: Call): Promise<Output> {
  const { world, place, user, stack } = job;
  return execute(world, {
    file: join(dirname(place.program), program),
    args,
    cwd: '/',
    environment: variables(job),
    limit,
    secrets: [stack.endpoints.postgres.password],
    ...(input === undefined ? {} : { input }),
    ...(user === undefined ? {} : { user }),
  });
}

const variables = ({ world }: Job): Record<string, string | undefined> => ({
  ...without(world, 'PG', 'LC_', 'LANG'),
  LC_ALL: 'C',
});

const give = async ({ user }: Job, path: string): Promise<void> => {
  if (user !== undefined) await giveTo(path, user);
};
