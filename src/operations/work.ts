// The work in the source trees of an environment: it stops a removal, or is saved before it.
import { join } from 'node:path';
import { rescuesFolder } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { Failure } from '../failure.ts';
import type { Resource } from '../resources/resource.ts';
import { rescue } from '../source/rescue.ts';
import { workplaces, type Workplace } from '../source/work.ts';
import { oursIn } from '../steps/excluded.ts';
import type { World } from '../world.ts';
import { timeStamp } from './snapshot.ts';

/** Where work was saved, and what brings it back. */
export interface Rescued {
  readonly folder: string;
  /** `FOLDER` in it is the reader's to name. */
  readonly command: string;
}

/** The working copies with work in them, of the trees among these resources. Only looks. */
export async function workAmong(
  world: World,
  record: EnvironmentRecord,
  resources: readonly Resource[],
): Promise<Workplace[]> {
  const trees = resources.filter((resource) => resource.kind === 'tree');
  const found = await Promise.all(
    trees.map(({ path, tree }) => {
      // one that a change was about to remove is known only to what was
      const specs = [record.spec, ...(record.former ?? [])];
      const spec = specs.find((one) => Object.hasOwn(one.release.trees, tree)) ?? record.spec;
      return workplaces(world, path, oursIn(world, { spec, resources: record.resources }, tree));
    }),
  );
  return found.flat();
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
        { purpose: 'look at it', command: `git -C ${JSON.stringify(first.path)} status` },
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
