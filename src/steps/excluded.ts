// What is in a tree without being its own, so that git leaves it out.
import { member, treePath } from '../environment/names.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import { readAsset } from '../host/assets.ts';
import type { Resource } from '../resources/resource.ts';
import type { Host, World } from '../world.ts';

/** The lines of its exclude file that bai-dev wrote, with all files of the tree that the record lists. */
export function oursIn(
  { host }: World,
  { spec, resources }: { readonly spec: EnvironmentSpec; readonly resources: readonly Resource[] },
  tree: string,
): string[] {
  const path = treePath(spec, tree);
  const listed = resources.flatMap((one) =>
    one.kind === 'file' && one.tree === path ? [one.path.slice(path.length)] : [],
  );
  return [...new Set([...excludedFrom(host, spec, tree), ...listed])].filter((line) => !line.startsWith('#'));
}

/**
 * Patterns of what is in a tree without being its own: what tools and daemons write, and all that bai-dev puts there,
 * so that `git status` is clean and stays so while everything runs. Whether a file is somebody's work is another
 * question (source/residue.ts).
 */
export function excludedFrom(host: Host, { release }: EnvironmentSpec, tree: string): string[] {
  const general = readAsset(host, 'templates/exclude.txt');
  const { certificate } = release;
  const ours = [
    ...release.files.filter((file) => file.tree === tree).map(({ path }) => path),
    ...(certificate.tree === tree ? [certificate.certificate, certificate.key] : []),
  ];
  const folders = member(release.trees, tree, 'tree').folders.map((folder) => `/${folder}/`);
  return [...general.trimEnd().split('\n'), ...ours.map((path) => `/${path}`), ...folders];
}
