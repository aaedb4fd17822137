// What can be installed: the catalogue as a list.
import { defaultRelease, loadCatalogue } from '../release/catalogue.ts';
import { isPastSupport } from '../release/release.ts';
import type { World } from '../world.ts';

export interface ReleaseRow {
  readonly version: string;
  readonly title: string;
  readonly python: string;
  readonly released: string;
  readonly supportEnds: string;
  /** Past its support today. */
  readonly ended: boolean;
  /** Chosen when nobody says which. */
  readonly default: boolean;
  /** Component and its version on the package index. */
  readonly components: Readonly<Record<string, string>>;
}

/** Every release of the catalogue, oldest first. */
export async function releases(world: World): Promise<readonly ReleaseRow[]> {
  const catalogue = await loadCatalogue(world.host.assets);
  const standard = defaultRelease(catalogue).version;
  return catalogue.releases.map((release) => ({
    version: release.version,
    title: release.title,
    python: release.python,
    released: release.released,
    supportEnds: release.supportEnds,
    ended: isPastSupport(release, world.now()),
    default: release.version === standard,
    components: Object.fromEntries(
      Object.entries(release.trees).map(([name, tree]) => [name, tree.package?.version ?? tree.branch]),
    ),
  }));
}
