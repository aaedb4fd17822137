// Which packages, in which versions: resolved as of the release's day, kept in the cache, used again from there.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Failure } from '../failure.ts';
import { readSmall } from '../host/content.ts';
import { hashOf, makeFolder, readText, removeWhole, writeWhole } from '../host/files.ts';
import { withoutCredentials } from '../host/http.ts';
import { abandoned, partialOf } from '../host/partial.ts';
import type { Release } from '../release/release.ts';
import type { World } from '../world.ts';
import { runUv, type UvPin } from './uv.ts';

export interface ResolutionWish {
  readonly uv: UvPin;
  readonly python: { readonly version: string; readonly path: string };
  readonly policy: Release['resolution'];
  readonly index: string;
  /** What a person calls the virtualenv. */
  readonly title: string;
  /** The tree that is installed, with these extras. */
  readonly tree: string;
  readonly extras: readonly string[];
  /** Trees whose working copies stand for their packages. */
  readonly shares: readonly string[];
  readonly onLine: (line: string) => void;
}

export interface Resolution {
  /** Hash of all inputs. */
  readonly key: string;
  /** The file of pins with hashes; nothing of the trees themselves is in it. */
  readonly file: string;
  /** It was there already, so its packages may be as well. */
  readonly stored: boolean;
}

/** The stored resolution of these very inputs, or a new one. Throws `BAI-PYTHON-RESOLVE`. */
export async function resolution(world: World, wish: ResolutionWish): Promise<Resolution> {
  const key = await keyOf(world, wish);
  const folder = join(world.host.folders.cache, 'resolutions');
  const file = join(folder, `${key}.txt`);
  const text = await readSmall(file, mostBytes);
  if (text !== undefined && isSound(text)) return { key, file, stored: true };
  await makeFolder(folder);
  for (const left of await abandoned(file)) await removeWhole(left);
  await writeWhole(file, sealed(await resolve(world, wish, partialOf(file))));
  return { key, file, stored: false };
}

/** uv's arguments for the release's day; builds need them as well, for what they are built with. */
export function dayArguments({ asOf, exceptions }: Release['resolution']): string[] {
  return [
    ...['--exclude-newer', endOf(asOf)],
    ...Object.entries(exceptions).flatMap(([name, day]) => [
      '--exclude-newer-package',
      `${name}=${endOf(day)}`,
    ]),
  ];
}

/** uv would take a plain day in this machine's time zone; a day ends at the same moment for everybody. */
function endOf(day: string): string {
  const next = new Date(`${day}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return next.toISOString();
}

async function resolve(world: World, wish: ResolutionWish, folder: string): Promise<string> {
  const { uv, policy, python, tree, extras, shares } = wish;
  const own = extras.length === 0 ? '' : `[${extras.join(',')}]`;
  const shared = shares.map((path) => `-e ${pathToFileURL(path).href}`);
  const constraints = join(folder, 'constraints.txt');
  const overrides = join(folder, 'overrides.txt');
  await makeFolder(folder);
  try {
    await writeWhole(constraints, policy.constraints.map((line) => `${line}\n`).join(''));
    // without the shared trees in here uv would take their packages from the index, or find the pins of those
    // who need them unsatisfiable (facts 12.2). The tree itself must not be in here: an override silently
    // drops its extras (facts 13.10 T2).
    await writeWhole(overrides, [...policy.overrides, ...shared].map((line) => `${line}\n`).join(''));
    const { stdout } = await runUv(world, {
      program: uv.program,
      index: wish.index,
      args: [
        ...['pip', 'compile', '-', '--python', python.path],
        ...['--constraints', constraints, '--overrides', overrides],
        ...dayArguments(policy),
        ...['--generate-hashes', '--no-header', '--no-annotate'],
      ],
      input: [`-e ${pathToFileURL(tree).href}${own}`, ...shared, ...policy.tools, ''].join('\n'),
      failure: {
        code: 'BAI-PYTHON-RESOLVE',
        reason: `The packages of ${wish.title} could not be resolved as of ${policy.asOf}.`,
      },
      onLine: (line) => {
        if (/^Resolved /.test(line)) wish.onLine(line);
      },
    });
    return pinsOf(wish, stdout);
  } finally {
    await removeWhole(folder);
  }
}

/** The pins without the trees: their places differ from one environment to the next. Throws `BAI-PYTHON-RESOLVE`. */
function pinsOf({ title, policy, tree, shares }: ResolutionWish, compiled: string): string {
  const lines = compiled.split('\n').filter((line) => line !== '');
  const trees = lines.filter((line) => line.startsWith('-e '));
  const pins = lines.filter((line) => !line.startsWith('-e '));
  // a uv that ends without an error has still resolved nothing if it does not name what it was asked for
  if (trees.length < [tree, ...shares].length || !pins.every((line) => isPin(line))) {
    throw new Failure(
      'BAI-PYTHON-RESOLVE',
      `The packages of ${title} could not be resolved as of ${policy.asOf}: the answer of uv is incomplete.`,
      { lines: lines.slice(-20) },
    );
  }
  return pins.map((line) => `${line}\n`).join('');
}

/** A pin, one of its hashes, or a comment. */
const isPin = (line: string): boolean =>
  /^[A-Za-z0-9][\w.[\],-]* ?(==|@) ?\S|^ {4}--hash=\w+:[0-9a-f]+( \\)?$|^#/.test(line);

/** The last line of a stored resolution: what comes before it is as it was written. */
const sealOf = (pins: string): string => `# sha256:${hashOf(pins)}\n`;

/** A resolution as it is stored. */
export const sealed = (pins: string): string => pins + sealOf(pins);

/** True for what is whole; what an older bai-dev stored has no seal, and must hold pins with their hashes. */
export function isSound(text: string): boolean {
  const at = text.lastIndexOf('# sha256:');
  if (at >= 0) return text.slice(at) === sealOf(text.slice(0, at));
  const lines = text.split('\n').filter((line) => line !== '');
  const last = lines.at(-1) ?? '';
  return text.endsWith('\n') && last.startsWith('    --hash=') && !last.endsWith('\\') && lines.every(isPin);
}

/** Bytes of a stored resolution; more is none. */
const mostBytes = 10_000_000;

/** Everything that the result depends on, but where the trees lie. */
async function keyOf({ host }: World, wish: ResolutionWish): Promise<string> {
  const inputs = {
    // changes when what is stored, or how uv is asked, changes
    format: 1,
    uv: wish.uv.version,
    platform: `${host.platform}-${host.architecture}`,
    python: wish.python.version,
    policy: wish.policy,
    index: withoutCredentials(wish.index),
    extras: wish.extras,
    trees: await Promise.all([wish.tree, ...wish.shares].map(metadataOf)),
  };
  return hashOf(JSON.stringify(inputs)).slice(0, 32);
}

/** The files from which a build backend tells what a tree needs. */
async function metadataOf(tree: string): Promise<string[]> {
  const files = ['pyproject.toml', 'setup.cfg', 'setup.py', 'requirements.txt'];
  return Promise.all(files.map(async (file) => hashOf((await readText(join(tree, file))) ?? '')));
}
