// What an accelerator makes of a release: a release again, which no step needs to know apart.
import type { Accelerator, AcceleratorName, Release } from './release.ts';

/** `none`, or the accelerator of an environment. */
export type AcceleratorKind = 'none' | AcceleratorName;

/** The release with everything that its accelerator adds; undefined if its data names no such accelerator. */
export function withAccelerator(release: Release, kind: AcceleratorKind): Release | undefined {
  if (kind === 'none') return release;
  const added = release.accelerators[kind];
  return added === undefined ? undefined : merged(release, added);
}

/** The release as it was before an accelerator was added to it. */
export function withoutAccelerator(release: Release, kind: AcceleratorKind): Release {
  const added = kind === 'none' ? undefined : release.accelerators[kind];
  if (added === undefined) return release;
  const own = <T>(table: Readonly<Record<string, T>>, of: object): Record<string, T> =>
    Object.fromEntries(Object.entries(table).filter(([name]) => !Object.hasOwn(of, name)));
  const files = new Set(added.files.map((file) => JSON.stringify(file)));
  const virtualenvs = Object.entries(own(release.virtualenvs, added.virtualenvs)).map(([name, entry]) => [
    name,
    { ...entry, shares: entry.shares.filter((tree) => added.shares[name]?.includes(tree) !== true) },
  ]);
  return {
    ...release,
    trees: own(release.trees, added.trees),
    virtualenvs: Object.fromEntries(virtualenvs) as Release['virtualenvs'],
    components: own(release.components, added.components),
    files: release.files.filter((file) => !files.has(JSON.stringify(file))),
  };
}

function merged(release: Release, added: Accelerator): Release {
  const virtualenvs = Object.entries(release.virtualenvs).map(([name, entry]) => [
    name,
    { ...entry, shares: [...entry.shares, ...(added.shares[name] ?? [])] },
  ]);
  return {
    ...release,
    trees: { ...release.trees, ...added.trees },
    virtualenvs: {
      ...(Object.fromEntries(virtualenvs) as Release['virtualenvs']),
      ...added.virtualenvs,
    },
    components: { ...release.components, ...added.components },
    files: [...release.files, ...added.files],
  };
}
