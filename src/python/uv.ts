// uv, pinned: brought from the package index into our cache once, and run so that nothing of the user's sways it.
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { decoded } from '../credentials.ts';
import { acquireLock } from '../environment/lock.ts';
import { Failure, type FailureCode } from '../failure.ts';
import { unpackZip } from '../host/archive.ts';
import { readAsset } from '../host/assets.ts';
import { execute, type Output } from '../host/exec.ts';
import { makeFolder, removeWhole } from '../host/files.ts';
import { publish } from '../host/flush.ts';
import { folderState, writeManifest } from '../host/manifest.ts';
import { abandoned, partialOf } from '../host/partial.ts';
import { fileSize } from '../host/tail.ts';
import { fetchDistribution, type DistributionWish } from '../source/pypi.ts';
import { otherIndex } from '../source/simple.ts';
import type { Host, World } from '../world.ts';

const pinSchema = z.strictObject({
  version: z.string(),
  wheels: z.record(z.string(), z.strictObject({ file: z.string(), sha256: z.string() })),
});

/** Which uv this bai-dev uses, and where it lies. */
export interface UvPin {
  readonly version: string;
  readonly program: string;
  readonly wheel: { readonly file: string; readonly sha256: string };
}

/** Our pin for this platform; throws `BAI-PYTHON-INSTALL` where there is none. */
export function uvPin(host: Host): UvPin {
  const { version, wheels } = pinSchema.parse(JSON.parse(readAsset(host, 'templates/uv.json')));
  const wheel = wheels[`${host.platform}-${host.architecture}`];
  if (wheel === undefined) {
    throw new Failure('BAI-PYTHON-INSTALL', `There is no uv for ${host.platform} on ${host.architecture}.`);
  }
  return { version, wheel, program: join(host.folders.cache, 'uv', version, 'uv') };
}

/** True if the pinned uv is in the cache, as it was unpacked; one of an older bai-dev must at least not be empty. */
export async function hasUv(host: Host): Promise<boolean> {
  const { program } = uvPin(host);
  const state = folderState(dirname(program));
  return state === 'whole' || (state === 'unlisted' && ((await fileSize(program)) ?? 0) > 0);
}

/** Seconds to wait for another run that fetches uv: as long as a slow download may take. */
const patience = 900;

/**
 * Brings uv into the cache unless it is there and whole. Of several runs at once one fetches it and the others wait:
 * a copy that somebody runs is never replaced. Throws `BAI-HASH` if what was fetched is not the pinned uv.
 */
export async function provideUv(
  world: World,
  { index, progress }: Pick<DistributionWish, 'index' | 'progress'>,
): Promise<UvPin> {
  const pin = uvPin(world.host);
  if (await isUsable(world, pin)) return pin;
  const folder = dirname(pin.program);
  await makeFolder(dirname(folder));
  const lock = await acquireLock(world, `${folder}.lock`, {
    command: `fetch ${pin.wheel.file}`,
    waitSeconds: patience,
  });
  try {
    if (await isUsable(world, pin)) return pin;
    const archive = await fetchDistribution(world, { index, name: 'uv', wanted: pin.wheel, progress });
    await unpackUv(world, { pin, archive, folder });
    return pin;
  } finally {
    await lock.release();
  }
}

async function isUsable(world: World, pin: UvPin): Promise<boolean> {
  if (!(await hasUv(world.host)) || !(await isPinned(world, pin, pin.program))) return false;
  const folder = dirname(pin.program);
  if (folderState(folder) === 'unlisted') await writeManifest(folder);
  return true;
}

/** In place of what is there, which is damaged. */
async function unpackUv(
  world: World,
  { pin, archive, folder }: { readonly pin: UvPin; readonly archive: string; readonly folder: string },
): Promise<void> {
  for (const left of await abandoned(folder)) await removeWhole(left);
  const partial = partialOf(folder);
  await makeFolder(partial);
  try {
    await unpackZip({ archive, folder: partial, signal: world.signal }, (path) =>
      path.endsWith('.data/scripts/uv') ? 'uv' : undefined,
    );
    if (!(await isPinned(world, pin, join(partial, 'uv')))) {
      throw new Failure('BAI-HASH', `${pin.wheel.file} does not contain a working uv ${pin.version}.`, {
        facts: { archive },
      });
    }
    await writeManifest(partial);
    await removeWhole(folder);
    await publish(partial, folder);
  } finally {
    await removeWhole(partial);
  }
}

/** An empty file runs as a shell script that does nothing and succeeds, so only the version counts. */
async function isPinned(world: World, { version }: UvPin, program: string): Promise<boolean> {
  const { stdout } = await execute(world, {
    file: program,
    args: ['--version'],
    limit: 20,
    quiet: true,
  }).catch(() => ({ stdout: '' }));
  world.signal.throwIfAborted();
  return stdout.trim().split(/\s+/).slice(0, 2).join(' ') === `uv ${version}`;
}

export interface UvCall {
  /** uv itself. */
  readonly program: string;
  readonly args: readonly string[];
  /** The package index; may hold credentials, which are never shown. */
  readonly index: string;
  /** Address of the build of Python that it fetches; may hold credentials as well. */
  readonly mirror?: string;
  readonly input?: string;
  readonly onLine?: (line: string) => void;
  /** What to call it when uv does not succeed, and the sentence for it. */
  readonly failure: { readonly code: FailureCode; readonly reason: string };
}

/** Seconds that one call may take: a slow network and a slow machine, but not for ever. */
const limit = 1800;

/** Runs uv. Its failure is told with its own last lines, as `BAI-NETWORK` where index or mirror did not answer. */
export async function runUv(world: World, call: UvCall): Promise<Output> {
  const { host } = world;
  const home = join(host.folders.cache, 'uv');
  // uv keeps locks of the trees it builds there: they must be the same for all runs, and are not left in /tmp
  const temporary = join(home, 'temporary');
  await makeFolder(temporary);
  try {
    return await execute(world, {
      file: call.program,
      args: call.args,
      cwd: home,
      environment: { ...withoutSway(host), ...settings(host, call.index), TMPDIR: temporary },
      ...(call.input === undefined ? {} : { input: call.input }),
      ...(call.onLine === undefined ? {} : { onLine: call.onLine }),
      secrets: [call.index, call.mirror ?? call.index].flatMap(secretsOf),
      limit,
    });
  } catch (error) {
    world.signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    throw uvFailure(error, call);
  }
}

/** uv's own variables that say how to reach the network rather than what to install. */
const harmless = new Set([
  ...['UV_NATIVE_TLS', 'UV_SYSTEM_CERTS', 'UV_INSECURE_HOST'],
  ...['UV_HTTP_TIMEOUT', 'UV_HTTP_RETRIES', 'UV_CONCURRENT_DOWNLOADS', 'UV_CONCURRENT_BUILDS'],
]);

/** Takes away what would change the result: uv's, pip's and Python's variables, and virtualenvs turned on. */
function withoutSway(host: Host): Record<string, undefined> {
  const swaying = /^(UV_|PIP_|VIRTUAL_ENV|CONDA_|PYTHON)/;
  const names = Object.keys(host.variables).filter((name) => swaying.test(name) && !harmless.has(name));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

function settings(host: Host, index: string): Record<string, string> {
  return {
    UV_CACHE_DIR: join(host.folders.cache, 'uv', 'packages'),
    // by variable, because arguments can be read by every user of the machine
    UV_DEFAULT_INDEX: index,
    UV_NO_CONFIG: '1',
    // only where it is told to
    UV_PYTHON_DOWNLOADS: 'manual',
    UV_NO_PROGRESS: '1',
    NO_COLOR: '1',
    LC_ALL: 'C.UTF-8',
  };
}

function secretsOf(index: string): string[] {
  const { username, password } = new URL(index);
  return password === '' ? [] : [password, decoded(password), `${username}:${password}`];
}

function uvFailure(error: Failure, { failure, index, mirror }: UvCall): Failure {
  const lines = error.more.lines ?? [];
  const said = lines.join('\n');
  const more = { cause: error, lines, facts: error.more.facts ?? {} };
  const place = new URL(index).host;
  if (
    /error sending request|dns error|tcp connect|connection (reset|refused|closed)|operation timed out|HTTP status (server|client) error/i.test(
      said,
    )
  ) {
    return new Failure(
      'BAI-NETWORK',
      `${failure.reason} ${mirror === undefined ? `The package index ${place}` : new URL(mirror).host} did not answer as it should.`,
      more,
    );
  }
  if (/missing an upload date|upload-time/.test(said)) {
    return new Failure(
      'BAI-INDEX',
      `${failure.reason} The package index ${place} does not tell when its files were uploaded.`,
      {
        ...more,
        next: otherIndex(index),
      },
    );
  }
  return new Failure(failure.code, failure.reason, more);
}
