// Debian's own packages, looked up in the lists that apt has and unpacked privately: nothing is installed, no root.
import { join } from 'node:path';
import type { ServerPackage } from '../../environment/servers.ts';
import { Failure } from '../../failure.ts';
import { execute } from '../../host/exec.ts';
import { listFolder } from '../../host/files.ts';
import { holds } from '../../host/download.ts';
import { programsNamed } from '../../host/path.ts';
import type { World } from '../../world.ts';

/** Programs that are needed; where one is missing this is no Debian. */
const tools = ['apt-cache', 'apt-get', 'dpkg-deb'] as const;
/** Seconds: the lists are on this machine, the package is not. */
const lookLimit = 20;
const fetchLimit = 600;

/** The package that apt would install now; undefined where there is no apt, or its lists do not name it. */
export async function debianPackage(world: World, name: string): Promise<ServerPackage | undefined> {
  const found = await Promise.all(tools.map((tool) => programsNamed(world.host, tool)));
  if (found.some(([tool]) => tool === undefined)) return undefined;
  const shown = await apt(world, 'apt-cache', ['show', '--no-all-versions', name]).catch(() => '');
  world.signal.throwIfAborted();
  const field = (key: string): string => new RegExp(`^${key}: (.*)$`, 'm').exec(shown)?.[1]?.trim() ?? '';
  const [release, path, sha256, size] = ['Version', 'Filename', 'SHA256', 'Size'].map(field);
  // 2:3.4.23-4+b4 has an epoch before and Debian's own numbers after the server's version
  const version = /^(?:\d+:)?(\d+(?:\.\d+)*)/.exec(release ?? '')?.[1];
  if (version === undefined || release === undefined || path === undefined) return undefined;
  if (sha256?.length !== 64 || !Number.isInteger(Number(size))) return undefined;
  return {
    source: 'debian',
    version,
    package: name,
    release,
    file: path.slice(path.lastIndexOf('/') + 1),
    sha256,
    bytes: Number(size),
    program: `usr/bin/${name.replace(/-server$/, '')}`,
  };
}

/**
 * Fetches the very package that was chosen and unpacks it into a folder, with `scratch` to work in; both must
 * exist. Throws `BAI-NETWORK` if it is not to be had any more, `BAI-HASH` if it is another one.
 */
export async function unpackDebian(
  world: World,
  wanted: ServerPackage,
  { folder, scratch }: { folder: string; scratch: string },
): Promise<void> {
  const version = `${wanted.package}=${wanted.release}`;
  try {
    await execute(world, {
      file: 'apt-get',
      args: ['download', version],
      cwd: scratch,
      environment: { LC_ALL: 'C' },
      limit: fetchLimit,
    });
  } catch (error) {
    world.signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    throw new Failure('BAI-NETWORK', `Debian's package ${version} could not be fetched.`, {
      cause: error,
      facts: { package: version },
      lines: error.more.lines ?? [],
      next: [{ purpose: 'bring the lists of packages up to date', command: 'sudo apt-get update' }],
    });
  }
  const [file = ''] = (await listFolder(scratch)).filter((name) => name.endsWith('.deb'));
  if (!(await holds(join(scratch, file), wanted.sha256))) {
    throw new Failure('BAI-HASH', `Debian's package ${version} is not the one that was chosen.`, {
      facts: { package: version, expected: wanted.sha256 },
    });
  }
  await execute(world, { file: 'dpkg-deb', args: ['-x', join(scratch, file), folder], limit: fetchLimit });
}

async function apt(world: World, file: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execute(world, {
    file,
    args,
    environment: { LC_ALL: 'C' },
    limit: lookLimit,
    quiet: true,
  });
  return stdout;
}
