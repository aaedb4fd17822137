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
