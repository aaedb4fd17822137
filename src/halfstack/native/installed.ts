// Servers that the machine has already: which versions they are, and whether a halfstack can be built on them.
import { basename, dirname, join } from 'node:path';
import type { Server, ServerRole } from '../../environment/servers.ts';
import { execute } from '../../host/exec.ts';
import { kindOf } from '../../host/files.ts';
import { isProgram, isScript, programsNamed, realPath } from '../../host/path.ts';
import type { World } from '../../world.ts';
import type { Offer } from './offers.ts';
import { isWithin } from './version.ts';

/** A program that was looked at and not taken. */
export interface PassedOver {
  readonly role: ServerRole;
  readonly program: string;
  /** A few words: why not. */
  readonly reason: string;
}

export interface Inspection {
  readonly server?: Extract<Server, { source: 'path' }>;
  readonly passedOver: readonly PassedOver[];
}

/** The first program in PATH on which a halfstack can be built. Runs nothing but `--version`. */
export async function installedServer(world: World, role: ServerRole, offer: Offer): Promise<Inspection> {
  const named = await Promise.all(offer.programs.map((name) => programsNamed(world.host, name)));
  const passedOver: PassedOver[] = [];
  for (const program of named.flat()) {
    const answer = await inspect(world, { role, program, offer });
    if (typeof answer !== 'string') return { server: answer, passedOver };
    passedOver.push({ role, program, reason: answer });
  }
  return { passedOver };
}

/** The version of a program, as it tells itself; undefined if it does not, or not as a plain number. */
export async function versionOf(
  world: World,
  role: ServerRole,
  program: string,
): Promise<{ version?: string; told: string }> {
  const { exit, stdout } = await execute(world, {
    file: program,
    args: ['--version'],
    environment: unsupported(world),
    limit: 10,
    allow: Array.from({ length: 255 }, (_, n) => n + 1),
    quiet: true,
  }).catch(() => ({ exit: 1, stdout: '' }));
  world.signal.throwIfAborted();
  const [told = ''] = stdout.split('\n');
  const version = exit === 0 ? versions[role].exec(told)?.[1] : undefined;
  return { told: told.trim(), ...(version === undefined ? {} : { version }) };
}

/** etcd 3.4 starts on other CPUs than x64 only if it is told to. */
export const unsupported = ({ host }: World): Record<string, string> =>
  host.architecture === 'x64' ? {} : { ETCD_UNSUPPORTED_ARCH: host.architecture };

/** PostgreSQL's must end there: the manager cannot read "15.18 (Debian …)" (facts 13.10 T11). */
const versions: Readonly<Record<ServerRole, RegExp>> = {
  postgres: /^postgres \(PostgreSQL\) (\d+(?:\.\d+)*)\s*$/,
  redis: /\bv=(\d+(?:\.\d+)*)\b/,
  etcd: /^etcd Version: (\d+(?:\.\d+)*)\b/,
};

interface Candidate {
  readonly role: ServerRole;
  readonly program: string;
  readonly offer: Offer;
}

/** The server, or why it is none for us. */
async function inspect(
  world: World,
  { role, program, offer }: Candidate,
): Promise<Extract<Server, { source: 'path' }> | string> {
  const real = await realPath(program);
  if (real === undefined) return 'it is gone';
  // a running server could not be told by its command line from the script's interpreter, nor by snap's own
  if (await isScript(real)) return 'it is a script';
  if (basename(real) === 'snap') return 'it is confined by snap';
  const { version, told } = await versionOf(world, role, program);
  if (version === undefined) return told === '' ? 'it tells no version' : `its version is "${told}"`;
  if (!isWithin(version, offer.fit)) return `its version is ${version}`;
  // Debian's redis-server is a link to a program that looks at its own name
  if (role !== 'postgres') return { source: 'path', version, program };
  const folder = dirname(real);
  if (!(await isProgram(join(folder, 'initdb')))) return 'it comes without initdb';
  if (!(await hasUuid(world, folder))) return 'it comes without uuid-ossp';
  return { source: 'path', version, program: real };
}

async function hasUuid(world: World, folder: string): Promise<boolean> {
  const told = await execute(world, {
    file: join(folder, 'pg_config'),
    args: ['--sharedir'],
    limit: 10,
    quiet: true,
  }).catch(() => undefined);
  world.signal.throwIfAborted();
  const shares = [told?.stdout.trim(), join(folder, '../share/postgresql'), join(folder, '../share')];
  for (const share of shares.filter((path) => path !== undefined && path !== '')) {
    if ((await kindOf(join(share ?? '', 'extension/uuid-ossp.control'))) !== undefined) return true;
  }
  return false;
}
