// The work in the source trees of an environment: it stops a removal, or is saved before it.
import { join } from 'node:path';
import { rescuesFolder } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { Failure } from '../failure.ts';
import type { Resource } from '../resources/resource.ts';
import { quoted } from '../quoted.ts';
import { rescue } from '../source/rescue.ts';
import { remarksOn, workplaces, type Known, type Workplace } from '../source/work.ts';
import { oursIn } from '../steps/excluded.ts';
import { hashOf, readText } from '../host/files.ts';
import type { World } from '../world.ts';
import { timeStamp } from './snapshot.ts';

/** Where work was saved, and what brings it back. */
export interface Rescued {
  readonly folder: string;
  /** `FOLDER` in it is the reader's to name. */
  readonly command: string;
}

/** The working copies with work in them, of the trees among these resources. Read-only. */
export async function workAmong(
  world: World,
  record: EnvironmentRecord,
  resources: readonly Resource[],
): Promise<Workplace[]> {
  const found = await Promise.all(
    treesAmong(world, record, resources).map(async (tree) =>
      workplaces(world, tree.path, await knownIn(tree, record)),
    ),
  );
  return found.flat();
}

/** What a removal takes along without losing any work, by name, and what is taken as pushed without proof. */
export async function remarksAmong(
  world: World,
  record: EnvironmentRecord,
  resources: readonly Resource[],
): Promise<string[]> {
  const found = await Promise.all(
    treesAmong(world, record, resources).map(async (tree) => {
      const remarks = await remarksOn(world, tree.path, {
        ...(await knownIn(tree, record)),
        branch: tree.branch,
      });
      return remarks.map((remark) => `${tree.path}: ${remark}.`);
    }),
  );
  return found.flat();
}

interface RecordedTree {
  readonly path: string;
  /** The one that the install checked out. */
  readonly branch: string;
  readonly ours: readonly string[];
}

function treesAmong(
  world: World,
  record: EnvironmentRecord,
  resources: readonly Resource[],
): readonly RecordedTree[] {
  return resources.flatMap((resource) => {
    if (resource.kind !== 'tree') return [];
    const { path, tree } = resource;
    // one that a change was about to remove is known only to what was
    const specs = [record.spec, ...(record.former ?? [])];
    const spec = specs.find((one) => Object.hasOwn(one.release.trees, tree)) ?? record.spec;
    const source = spec.trees[tree];
    const branch = (source?.source === 'git' ? source.ref : spec.release.trees[tree]?.branch) ?? '';
    return [{ path, branch, ours: oursIn(world, { spec, resources: record.resources }, tree) }];
  });
}

/** A generated file that somebody edited goes with its tree, so the edit is work. */
async function knownIn({ path, ours }: RecordedTree, { spec, resources }: EnvironmentRecord): Promise<Known> {
  const edited: string[] = [];
  for (const one of resources) {
    if (one.kind !== 'file' || one.tree !== path) continue;
    const content = await readText(one.path);
    if (content !== undefined && !one.hashes.includes(hashOf(content))) {
      edited.push(one.path.slice(path.length + 1));
    }
  }
  return { ours, edited, removed: spec.installPath };
}

/** Throws `BAI-GIT-WORK`, naming all of it. */
export function assertNoWork({ spec }: EnvironmentRecord, places: readonly Workplace[]): void {
  const [first] = places;
  if (first === undefined) return;
  const { id } = spec;
  const found = places.flatMap(({ path, work }) => work.map((one) => ({ ...one, path })));
  throw new Failure(
    'BAI-GIT-WORK',
    `Working copies of ${id} hold work that exists nowhere else. Nothing has been removed.`,
    {
      facts: { work: found },
      lines: found.map((work) => `${work.path}: ${work.summary}`),
      next: [
        { purpose: 'look at it', command: `git -C ${quoted(first.path)} status` },
        { purpose: 'once it is pushed or thrown away', command: `bai-dev delete -e ${id}` },
        { purpose: 'or have it saved first', command: `bai-dev delete -e ${id} --force` },
      ],
    },
  );
}

/** Saves all of it in the state folder; undefined if there is none. */
export async function rescueWork(
  world: World,
  record: EnvironmentRecord,
  places: readonly Workplace[],
): Promise<Rescued | undefined> {
  if (places.length === 0) return undefined;
  const { id, installPath } = record.spec;
  const folder = join(rescuesFolder(world.host, id), timeStamp(world.now()));
  const { command } = await rescue(world, { id, installPath, places, folder });
  const message = `Work in ${id} was saved in ${folder}. It is brought back by: ${command}`;
  world.report.emit({ kind: 'note', severity: 'warning', message });
  return { folder, command };
}
