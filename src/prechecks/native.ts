// Can this machine run the halfstack's servers itself: where would they come from, and do they run here?
import type { Server, ServerRole, Servers } from '../environment/servers.ts';
import { Failure } from '../failure.ts';
import { chooseServers, type Choice } from '../halfstack/native/choose.ts';
import { npmPage } from '../halfstack/native/fetch.ts';
import { weaknessOf } from '../halfstack/native/offers.ts';
import { databaseUser } from '../halfstack/native/places.ts';
import { assertSame } from '../halfstack/native/provide.ts';
import { compare } from '../halfstack/native/version.ts';
import { execute } from '../host/exec.ts';
import { get } from '../host/http.ts';
import type { Finding } from '../report/events.ts';
import type { World } from '../world.ts';
import type { Checked, Draft } from './draft.ts';

const names: Readonly<Record<ServerRole, string>> = { postgres: 'PostgreSQL', redis: 'Redis', etcd: 'etcd' };
const origins = { path: 'this machine', debian: 'Debian', npm: 'npm', pypi: 'PyPI' } as const;
const aptNames: Readonly<Record<ServerRole, string>> = {
  postgres: 'postgresql-contrib',
  redis: 'redis-server',
  etcd: 'etcd-server',
};

/** Only looks. Servers that were chosen once are kept for life: then it is asked whether they are still there. */
export async function checkNative(world: World, draft: Draft): Promise<Checked<{ servers: Servers }>> {
  const known = draft.record?.spec.servers;
  if (known !== undefined) return recordedServers(world, known);
  const choice = await chooseServers(world);
  const { servers } = choice;
  if (servers === undefined) return { findings: choice.lacking.map((role) => lackFinding(world, role)) };
  const blockers = [...(await libraryFindings(world, choice)), ...(await registryFindings(world, choice))];
  return {
    findings: [serversFinding(servers, choice), ...blockers, ...(await remarks(world, servers))],
    ...(blockers.length === 0 ? { facts: { servers } } : {}),
  };
}

async function recordedServers(world: World, servers: Servers): Promise<Checked<{ servers: Servers }>> {
  const findings: Finding[] = [];
  for (const [role, server] of Object.entries(servers) as [ServerRole, Server][]) {
    if (server.source !== 'path') continue;
    try {
      await assertSame(world, role, server);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      findings.push({
        id: 'native.gone',
        severity: 'blocker',
        title: `${names[role]} ${server.version} is gone`,
        reason: error.message,
        ...(error.more.next === undefined ? {} : { next: error.more.next }),
      });
    }
  }
  if (findings.length > 0) return { findings };
  return {
    findings: [serversFinding(servers), ...(await remarks(world, servers))],
    facts: { servers },
  };
}

function serversFinding(servers: Servers, choice?: Choice): Finding {
  const all = Object.entries(servers) as [ServerRole, Server][];
  const from = all.map(([role, { source }]) => `${names[role]} from ${origins[source]}`).join(', ');
  const bytes = (choice?.missing ?? []).reduce((sum, one) => sum + one.bytes, 0);
  const passed = (choice?.passedOver ?? []).map(
    ({ program, reason }) => ` ${program} is not taken: ${reason}.`,
  );
  return {
    id: 'native.servers',
    severity: 'ok',
    title: all.map(([role, { version }]) => `${names[role]} ${version}`).join(', '),
    reason: `${from}${bytes === 0 ? '' : `; ${Math.ceil(bytes / 1e6)} MB to fetch`}.${passed.join('')}`,
  };
}

function lackFinding({ host }: World, role: ServerRole): Finding {
  return {
    id: 'native.lacking',
    severity: 'blocker',
    title: `no ${names[role]} for this machine`,
    reason: `None that fits is in PATH, and there is no package of it for ${host.platform} on ${host.architecture}.`,
    next: [{ purpose: 'install it', command: `sudo apt-get install ${aptNames[role]}` }],
  };
}

/** Packages bring programs that were built for a C library of some age; others, like musl, are none. */
async function libraryFindings(world: World, { needs }: Choice): Promise<Finding[]> {
  const [first] = needs.map(({ glibc }) => glibc).sort((a, b) => compare(b, a));
  if (first === undefined) return [];
  const told = await output(world, 'getconf', ['GNU_LIBC_VERSION']);
  const glibc = /^glibc (\d+(?:\.\d+)*)/.exec(told)?.[1];
  if (glibc === undefined || compare(glibc, first) < 0) {
    return [
      {
        id: 'native.glibc',
        severity: 'blocker',
        title: glibc === undefined ? 'no glibc' : `glibc ${glibc} is too old`,
        reason: `The servers' packages need glibc ${first} or later.`,
        next: [{ purpose: 'use Docker instead', command: 'bai-dev install --engine docker' }],
      },
    ];
  }
  const wanted = [...new Set(needs.flatMap(({ libraries }) => libraries))];
  const cache = (await output(world, 'ldconfig', ['-p'])) || (await output(world, '/sbin/ldconfig', ['-p']));
  // without its list there is nothing to tell; the program itself will then say what it lacks
  const lacking = cache === '' ? [] : wanted.filter((library) => !cache.includes(library));
  return lacking.map((library) => ({
    id: 'native.libraries',
    severity: 'blocker',
    title: `${library} is missing`,
    reason: "PostgreSQL's package needs it.",
    next: [{ purpose: 'install it', command: `sudo apt-get install ${library.replace(/\.so\./, '')}` }],
  }));
}

/** PyPI is asked by the check of the package index, Debian's mirrors by apt. */
async function registryFindings(world: World, { missing }: Choice): Promise<Finding[]> {
  const [wanted] = missing.filter(({ source }) => source === 'npm');
  if (wanted === undefined) return [];
  const url = npmPage(world.host, wanted);
  try {
    const { status } = await get(world, { url, limit: 10, retries: 1 });
    if (status === 200) return [];
    return [registryBlocker(`${url} answers with status ${status}.`)];
  } catch (error) {
    world.signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    return [registryBlocker(error.message)];
  }
}

const registryBlocker = (reason: string): Finding => ({
  id: 'native.registry',
  severity: 'blocker',
  title: "npm's registry does not serve PostgreSQL",
  reason,
  next: [
    { purpose: 'name one that does', command: 'export npm_config_registry=https://registry.npmjs.org' },
    { purpose: 'or use Docker', command: 'bai-dev install --engine docker' },
  ],
});

async function remarks(world: World, servers: Servers): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const [role, { version }] of Object.entries(servers) as [ServerRole, Server][]) {
    const weakness = weaknessOf(world.host, role, version);
    if (weakness === undefined) continue;
    found.push({
      id: `native.${role}`,
      severity: 'warning',
      title: `${names[role]} ${version} ${weakness}`,
      reason: 'No better one is to be had on this machine; stopping it by `bai-dev stop` is safe.',
    });
  }
  const user = await databaseUser(world.host);
  if (user !== undefined && user.name !== 'bai-dev') {
    found.push({
      id: 'native.root',
      severity: 'warning',
      title: `PostgreSQL runs as ${user.name}`,
      reason: 'It refuses to run as root, and other programs may run as that user too.',
      next: [
        {
          purpose: 'give it a user of its own',
          command: 'useradd --system --no-create-home --shell /usr/sbin/nologin bai-dev',
        },
      ],
    });
  }
  return found;
}

async function output(world: World, file: string, args: readonly string[]): Promise<string> {
  // the folder that we stand in may be gone
  const told = await execute(world, { file, args, cwd: '/', limit: 10, quiet: true }).catch(() => undefined);
  world.signal.throwIfAborted();
  return told?.stdout ?? '';
}
