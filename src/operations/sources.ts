// Decides where each tree of a new environment comes from, out of what was said, the release's data and the answers
// of the repositories.
import { member } from '../environment/names.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import { Failure, type FailureCode } from '../failure.ts';
import type { DraftSource } from '../prechecks/draft.ts';
import type { Release, Tree } from '../release/release.ts';
import { addressBelow, areSiblings } from '../source/address.ts';
import { chooseTrees, type TreeDemand } from '../source/choose.ts';
import type { World } from '../world.ts';
import { canonicalName } from './component-names.ts';
import { nearestOf, suggestion } from './nearest.ts';
import type { InstallRequest } from './request.ts';

export type SourceKind = 'git' | 'pypi' | 'auto';

/** What was said of one component. */
export interface TreeWishes {
  readonly source?: SourceKind;
  readonly ref?: string;
  readonly repository?: string;
}

/** What was said of all trees, and by component or tree. */
export interface SourceWishes {
  readonly source?: SourceKind;
  readonly serverBranch?: string;
  readonly clientBranch?: string;
  /** Of the repository of an accelerator's plugin. */
  readonly cudaBranch?: string;
  /** The base address in place of the one where the release's repositories lie. */
  readonly repositories?: string;
  readonly trees: Readonly<Record<string, TreeWishes>>;
}

/**
 * Where every tree comes from: as recorded, else as was said, else from git where the repositories have the release's
 * branch. Throws `BAI-USAGE` or `BAI-CONFIG` for what cannot be meant; a repository's trouble is part of the answer.
 */
export async function sourcesOf(
  world: World,
  request: Pick<InstallRequest, 'wishes' | 'defaults'>,
  { release, trees }: { readonly release: Release; readonly trees?: EnvironmentSpec['trees'] },
): Promise<readonly DraftSource[]> {
  const demands = demandsOf(request, release);
  if (trees !== undefined) {
    return Object.entries(trees).map(([tree, source]) => ({ tree, ref: source.ref, source, nearest: [] }));
  }
  const choices = await chooseTrees(world, demands);
  return choices.map(({ trouble, ...choice }) => ({
    ...choice,
    ...(trouble === undefined ? {} : { trouble }),
    nearest: nearestOf(choice.ref, trouble?.known ?? []),
  }));
}

/** A line for each tree that PyPI stands in for, or one for several that have the same reason. */
export function substitutes(sources: readonly DraftSource[]): readonly string[] {
  const byReason = new Map<string, string[]>();
  for (const { tree, source, trouble } of sources) {
    if (source === undefined || trouble === undefined) continue;
    byReason.set(trouble.reason, [...(byReason.get(trouble.reason) ?? []), tree]);
  }
  return [...byReason].map(([reason, trees]) => `From PyPI: ${trees.join(', ')}. ${reason}`);
}

/** What is wanted of each tree. Naming a branch, ref or repository of a tree means git, and nothing stands in for it. */
export function demandsOf(
  { wishes, defaults }: Pick<InstallRequest, 'wishes' | 'defaults'>,
  release: Release,
): readonly TreeDemand[] {
  const said = saidOf(wishes.sources, release, 'BAI-USAGE');
  const usual = saidOf(defaults.sources, release, 'BAI-CONFIG');
  const repositories = wishes.sources?.repositories ?? defaults.sources?.repositories;
  return Object.entries(release.trees).map(([name, tree]): TreeDemand => {
    const own = said(name);
    const other = usual(name);
    // nothing stands in for what no index has, said or unsaid
    const source = tree.package === undefined ? 'git' : (own.source ?? other.source ?? 'auto');
    const below = (repository: string): string =>
      repositories === undefined ? repository : addressBelow(repositories, repository);
    return {
      tree: name,
      source,
      ref: own.ref ?? other.ref ?? tree.branch,
      address: own.repository ?? other.repository ?? below(tree.repository),
      submodules: submodulesOf(tree, repositories),
      ...(tree.package === undefined ? {} : { package: tree.package }),
      ...(repositories === undefined ? {} : { repositories }),
    };
  });
}

/** Where the submodules of a tree come from: those that lie beside its repository are moved with it. */
export function submodulesOf(tree: Tree, repositories: string | undefined): readonly string[] {
  return tree.submodules.map((one) =>
    repositories !== undefined && areSiblings(one, tree.repository) ? addressBelow(repositories, one) : one,
  );
}

export interface SourceDifference {
  readonly tree: string;
  readonly aspect: 'source' | 'ref' | 'repository';
  readonly wish: string;
  readonly is: string;
}

/** Where an environment that is there differs from what was wished for it. */
export function sourceDifferences(
  { wishes }: Pick<InstallRequest, 'wishes'>,
  spec: Pick<EnvironmentSpec, 'release' | 'trees'>,
): readonly SourceDifference[] {
  const said = saidOf(wishes.sources, spec.release, 'BAI-USAGE');
  const demands = demandsOf({ wishes, defaults: { ports: { single: {} } } }, spec.release);
  return demands.flatMap(({ tree, address }) => {
    const wish = said(tree);
    const is = spec.trees[tree];
    if (is === undefined) return [];
    const moved = wish.repository !== undefined || wishes.sources?.repositories !== undefined;
    const pairs: (readonly [aspect: SourceDifference['aspect'], wish: string | undefined, is: string])[] = [
      ['source', wish.source === 'auto' ? undefined : wish.source, is.source],
      ...(is.source === 'git'
        ? ([
            ['ref', wish.ref, is.ref],
            ['repository', moved ? address : undefined, is.address],
          ] as const)
        : []),
    ];
    return pairs.flatMap(([aspect, wanted, now]) =>
      wanted === undefined || wanted === now ? [] : [{ tree, aspect, wish: wanted, is: now }],
    );
  });
}

/** What one person said of a tree: by its own name, else by a branch of its line, else in general. */
function saidOf(
  wishes: SourceWishes | undefined,
  release: Release,
  code: FailureCode,
): (tree: string) => TreeWishes {
  if (wishes === undefined) return () => ({});
  const own = byTree(wishes, release, code);
  const branches = { server: wishes.serverBranch, client: wishes.clientBranch, cuda: wishes.cudaBranch };
  const said = (name: string): TreeWishes => {
    const tree = member(release.trees, name, 'tree');
    const { source, ref = branches[tree.line], repository } = own[name] ?? {};
    const named = ref !== undefined || repository !== undefined;
    const general = wishes.source === undefined || wishes.source === 'auto' ? undefined : wishes.source;
    // one of them may be from PyPI while the others are on a branch
    const chosen = source === 'auto' || source === undefined ? undefined : source;
    const meant = chosen ?? general ?? (named ? 'git' : (source ?? wishes.source));
    // what no index has comes from git whatever is said of the others
    const kind = tree.package === undefined ? 'git' : meant;
    return {
      ...(kind === undefined ? {} : { source: kind }),
      ...(ref === undefined ? {} : { ref }),
      ...(repository === undefined ? {} : { repository }),
    };
  };
  assertUsed(wishes, { release, said, own, code });
  return said;
}

/** Components are named by people, trees are what is fetched. */
function byTree(
  wishes: SourceWishes,
  release: Release,
  code: FailureCode,
): Readonly<Record<string, TreeWishes>> {
  const names = Object.keys(release.components);
  return Object.fromEntries(
    Object.entries(wishes.trees).map(([name, wish]) => {
      if (Object.hasOwn(release.trees, name)) return [name, wish];
      const component = canonicalName(name, names);
      if (component === undefined) {
        throw new Failure(
          code,
          `There is no component ${JSON.stringify(name)} in ${release.version}.${suggestion(name, names)} There is ${names.join(', ')}.`,
        );
      }
      return [member(release.components, component, 'component').tree, wish];
    }),
  );
}

/** A branch or repository of something that comes from PyPI would be passed over in silence. */
function assertUsed(
  wishes: SourceWishes,
  known: {
    readonly release: Release;
    readonly said: (tree: string) => TreeWishes;
    readonly own: Readonly<Record<string, TreeWishes>>;
    readonly code: FailureCode;
  },
): void {
  const { release, said, own, code } = known;
  const fromPypi = (tree: string): boolean => said(tree).source === 'pypi';
  const lineOf = (line: Tree['line']): string[] =>
    Object.keys(release.trees).filter((name) => member(release.trees, name, 'tree').line === line);
  const unused = [
    wishes.serverBranch !== undefined && lineOf('server').every(fromPypi) ? '--server-branch' : undefined,
    wishes.clientBranch !== undefined && lineOf('client').every(fromPypi) ? '--client-branch' : undefined,
    wishes.cudaBranch !== undefined && lineOf('cuda').every(fromPypi) ? '--cuda-branch' : undefined,
    ...Object.entries(own).flatMap(([tree, { ref, repository }]) => [
      ref !== undefined && fromPypi(tree) ? `--ref ${tree}` : undefined,
      repository !== undefined && fromPypi(tree) ? `--repository ${tree}` : undefined,
    ]),
  ].find((flag) => flag !== undefined);
  if (unused === undefined) return;
  throw new Failure(
    code,
    `${unused} is about a git repository, and with --source pypi there is none. There --release chooses the version.`,
    {
      next: [
        {
          purpose: 'choose a release',
          command: `bai-dev install --release ${release.version} --source pypi`,
        },
      ],
    },
  );
}
