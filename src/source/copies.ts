// Packages that were made of a tree: the version that it declares, and the files of it that an index has.
import { join } from 'node:path';
import { readText } from '../host/files.ts';
import type { Tree } from '../release/release.ts';
import type { Host, World } from '../world.ts';
import type { Distribution } from './pypi.ts';
import { indexFiles } from './simple.ts';

/**
 * Source distribution and wheels of the version that the tree itself declares, then those of its release: each holds
 * the files that git keeps elsewhere. Throws what the index does when it cannot be asked.
 */
export async function copiesOf(
  world: World,
  wanted: { readonly tree: Tree; readonly folder: string; readonly index: string },
): Promise<readonly Distribution[]> {
  const { tree, folder, index } = wanted;
  const declared = await declaredVersion(folder);
  const released = [tree.package, tree.binaries[`${world.host.platform}-${world.host.architecture}`]];
  // what was never published has no copies
  if (tree.package === undefined) return [];
  const files = await indexFiles(world, { index, name: tree.package.name });
  const own = files.flatMap(({ file, sha256 }) =>
    sha256 !== undefined && declared !== undefined && isOf(file, declared, world.host)
      ? [{ file, sha256 }]
      : [],
  );
  const all = [...own.sort(sourcesFirst), ...released.filter((one) => one !== undefined)];
  return all.filter(({ file }, at) => all.findIndex((other) => other.file === file) === at);
}

/** The version that a tree's own files declare, as package indexes write it; undefined if they compute it. */
export async function declaredVersion(folder: string): Promise<string | undefined> {
  const read = async (file: string): Promise<string> => (await readText(join(folder, file))) ?? '';
  const settings = await read('setup.cfg');
  const attribute = /^version\s*=\s*attr:\s*([\w.]+)\.__version__\s*$/m.exec(settings)?.[1];
  const module = attribute?.replaceAll('.', '/');
  const texts = [
    /^version\s*=\s*['"]?([0-9][^'"\s]*)['"]?\s*$/m.exec(settings)?.[1],
    /^version\s*=\s*['"]([0-9][^'"]*)['"]\s*$/m.exec(await read('pyproject.toml'))?.[1],
    ...(module === undefined
      ? []
      : await Promise.all(
          [`src/${module}`, module].map(
            async (place) =>
              /^__version__\s*=\s*['"]([0-9][^'"]*)['"]/m.exec(await read(`${place}/__init__.py`))?.[1],
          ),
        )),
  ];
  const found = texts.find((text) => text !== undefined);
  return found === undefined ? undefined : normalVersion(found);
}

/** `21.03.9` is `21.3.9` on an index (PEP 440). */
export const normalVersion = (text: string): string =>
  text.toLowerCase().replace(/(^|\.)0+(?=\d)/g, (_zeros, before: string) => before);

/** A source distribution of that version, or a wheel of it that this machine could use. */
function isOf(file: string, version: string, { platform, architecture }: Host): boolean {
  if (file.endsWith('.tar.gz')) {
    return normalVersion(/-([^-]+)\.tar\.gz$/.exec(file)?.[1] ?? '') === version;
  }
  const [, own = '', , , target = ''] = file.replace(/\.whl$/, '').split('-');
  const machine = { x64: 'x86_64', arm64: 'aarch64|arm64' }[architecture] ?? architecture;
  const system = platform === 'darwin' ? 'macosx' : platform;
  const fits = target === 'any' || (target.includes(system) && new RegExp(machine).test(target));
  return file.endsWith('.whl') && normalVersion(own) === version && fits;
}

const sourcesFirst = (a: Distribution, b: Distribution): number =>
  Number(a.file.endsWith('.whl')) - Number(b.file.endsWith('.whl'));
