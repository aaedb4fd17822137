// Another spec for an environment that is there: what differs, whether that may be, and the record that says so.
import { daemonsOf } from '../daemons/daemon.ts';
import { runningDaemons } from '../daemons/running.ts';
import { member } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import { Failure } from '../failure.ts';
import type { DraftSource, PortWish } from '../prechecks/draft.ts';
import { checkPorts } from '../prechecks/ports.ts';
import { checkSources } from '../prechecks/sources.ts';
import type { Catalogue } from '../release/catalogue.ts';
import type { Release } from '../release/release.ts';
import type { Difference } from '../report/events.ts';
import { describeResource } from '../resources/inventory.ts';
import { chooseTrees, type TreeDemand } from '../source/choose.ts';
import { adaptStepId } from '../steps/etcd.ts';
import { mayReplace, sourceNote } from '../steps/exchange.ts';
import type { World } from '../world.ts';
import { assertNoBlocker } from './blockers.ts';
import { kernelImagesOf } from './kernels.ts';
import { assertChangeable, differencesOf, releaseWith, type Differing } from './differences.ts';
import { unwanted } from './leaving.ts';
import { makingOf, stepsOfRecord } from './making.ts';
import { nearestOf } from './nearest.ts';
import type { InstallRequest } from './request.ts';
import { demandsOf, submodulesOf, substitutes, type SourceDifference } from './sources.ts';

export interface Change {
  /** As it will be written. */
  readonly record: EnvironmentRecord;
  readonly differences: readonly Difference[];
  readonly ports: PortWish;
  /** Daemons that run and will be stopped. */
  readonly stops: readonly string[];
  /** What is no longer wanted, by name. */
  readonly removes: readonly string[];
}

/**
 * What `--change` would make of an environment; undefined if nothing differs. Writes nothing. Throws
 * `BAI-CONFLICT-SPEC` for what cannot be changed, `BAI-GIT-WORK` for a tree with work that would be switched or
 * removed, `BAI-PRECHECK` for ports and sources that cannot be had.
 */
export async function changeOf(
  world: World,
  request: InstallRequest,
  known: { readonly record: EnvironmentRecord; readonly catalogue: Catalogue },
): Promise<Change | undefined> {
  const { record, catalogue } = known;
  const { id, wishes } = request;
  const differences = differencesOf(request, record.spec, catalogue);
  if (differences.length === 0) return undefined;
  assertChangeable(id, differences);
  if (record.phase === 'kept') {
    throw new Failure('BAI-CONFLICT-PHASE', `Parts of ${id} were deleted.`, {
      next: [{ purpose: 'make them again', command: `bai-dev install -e ${id}` }],
    });
  }
  const spec = await changedSpec(world, request, { spec: record.spec, differences });
  const changed = changedRecord(world, record, spec);
  const making = makingOf(world, changed);
  const replaced = Object.keys(record.spec.trees).filter(
    (tree) => sourceNote(record.spec.trees[tree]) !== sourceNote(spec.trees[tree]),
  );
  for (const tree of replaced) await mayReplace(making, tree);
  const names = daemonsOf(world.host, record.spec).map(({ name }) => name);
  return {
    record: changed,
    differences: differences.map(({ what, is, wish, means }) => ({ what, is, wish, means })),
    ports: wishes.ports,
    stops: [...(await runningDaemons(world.host, record, names)).keys()],
    removes: unwanted(world, changed).map(describeResource),
  };
}

async function changedSpec(
  world: World,
  request: InstallRequest,
  { spec, differences }: { spec: EnvironmentSpec; differences: readonly Differing[] },
): Promise<EnvironmentSpec> {
  const { id, wishes } = request;
  const release = releaseWith(spec, wishes);
  const own = { base: spec.portBase, ports: spec.ports };
  const [sources, ports] = await Promise.all([
    sourcesFor(world, request, { spec, release, differences }),
    checkPorts(world, { id, ports: wishes.ports, own }),
  ]);
  const findings = [...checkSources({ id, release, sources, change: true }).findings, ...ports.findings];
  assertNoBlocker(id, findings);
  for (const message of substitutes(sources)) world.report.emit({ kind: 'note', severity: 'note', message });
  const { base: portBase, ports: changed } = ports.facts ?? own;
  return {
    ...spec,
    ...{ release, portBase, ports: changed },
    trees: Object.fromEntries(sources.flatMap(({ tree, source }) => (source ? [[tree, source]] : []))),
    accelerator: { kind: wishes.accelerator ?? spec.accelerator.kind },
    kernelImages:
      wishes.kernelImages === undefined
        ? spec.kernelImages
        : [...kernelImagesOf(release, wishes.kernelImages)],
    index: wishes.index ?? spec.index,
  };
}

interface Known {
  readonly spec: EnvironmentSpec;
  readonly release: Release;
  readonly differences: readonly Differing[];
}

/** The recorded source of each tree, but for those that differ, are new, or come from another plugin's repository. */
async function sourcesFor(
  world: World,
  request: InstallRequest,
  { spec, release, differences }: Known,
): Promise<readonly DraftSource[]> {
  const stays = (tree: string): boolean =>
    spec.trees[tree] !== undefined &&
    !differences.some((one) => one.source?.tree === tree) &&
    spec.release.trees[tree]?.repository === release.trees[tree]?.repository;
  const demands = demandsOf(request, release);
  const asked = demands
    .filter(({ tree }) => !stays(tree))
    .map((demand) => asRecorded(demand, { spec, release, differences }));
  const choices = new Map((await chooseTrees(world, asked)).map((choice) => [choice.tree, choice]));
  return demands.map(({ tree }) => {
    const choice = choices.get(tree);
    const source = spec.trees[tree];
    if (choice !== undefined)
      return { ...choice, nearest: nearestOf(choice.ref, choice.trouble?.known ?? []) };
    if (source === undefined) throw new Error(`nobody was asked for ${tree}`);
    return { tree, ref: source.ref, source, nearest: [] };
  });
}

/** What is not said of a tree from git stays as it is recorded, whatever the release's data or the settings say. */
function asRecorded(demand: TreeDemand, { spec, release, differences }: Known): TreeDemand {
  const { tree, repositories, ...rest } = demand;
  const is = spec.trees[tree];
  const known = member(release.trees, tree, 'tree');
  const sameTree = spec.release.trees[tree]?.repository === known.repository;
  if (is?.source !== 'git' || !sameTree || demand.source === 'pypi') return demand;
  const said = (aspect: SourceDifference['aspect']): string | undefined =>
    differences.find(({ source }) => source?.tree === tree && source.aspect === aspect)?.source?.wish;
  const address = said('repository');
  const base = address === undefined ? is.repositories : repositories;
  return {
    ...rest,
    ...{ tree, source: 'git', ref: said('ref') ?? is.ref, address: address ?? is.address },
    submodules: submodulesOf(known, base),
    ...(base === undefined ? {} : { repositories: base }),
  };
}

/** The lease goes with the ports, and marks of steps that are no more would be believed one day. */
function changedRecord(world: World, record: EnvironmentRecord, spec: EnvironmentSpec): EnvironmentRecord {
  const changed: EnvironmentRecord = {
    ...structuredClone(record),
    spec,
    phase: 'installing',
    former: [...(record.former ?? []), record.spec],
    resources: record.resources.map((one) =>
      one.kind === 'lease' ? { kind: 'lease', base: spec.portBase } : one,
    ),
  };
  const steps = new Set(stepsOfRecord(world, changed).map(({ id }) => id));
  steps.delete(adaptStepId);
  changed.marks = Object.fromEntries(Object.entries(record.marks).filter(([step]) => steps.has(step)));
  return changed;
}
