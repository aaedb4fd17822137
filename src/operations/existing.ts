// What commands on an existing environment begin with: its record, its state, and the names they were given.
import type { EnvironmentRecord } from '../environment/record.ts';
import { listIds, readRecord } from '../environment/store.ts';
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';
import { canonicalName } from './component-names.ts';
import { suggestion } from './nearest.ts';

/** The record, whatever its phase; `BAI-ENVIRONMENT-ABSENT` if there is none. */
export async function existingRecord(world: World, id: string): Promise<EnvironmentRecord> {
  const record = await readRecord(world.host, id);
  if (record !== undefined) return record;
  const ids = await listIds(world.host);
  const others = ids.length === 0 ? '' : ` There is ${ids.join(', ')}.`;
  throw new Failure(
    'BAI-ENVIRONMENT-ABSENT',
    `There is no environment ${id}.${suggestion(id, ids)}${others}`,
    {
      facts: { id, known: ids },
      next: [
        ...(ids.length === 0 ? [] : [{ purpose: 'list those that exist', command: 'bai-dev list' }]),
        { purpose: 'install it', command: `bai-dev install -e ${id}` },
      ],
    },
  );
}

/** The record of an environment that is whole; `BAI-CONFLICT-PHASE` for one that is half made or half gone. */
export async function readyRecord(world: World, id: string): Promise<EnvironmentRecord> {
  const record = await existingRecord(world, id);
  switch (record.phase) {
    case 'ready':
      return record;
    case 'installing':
      throw new Failure('BAI-CONFLICT-PHASE', `${id} is half installed.`, {
        facts: { phase: record.phase },
        next: [{ purpose: 'finish it', command: `bai-dev install -e ${id}` }],
      });
    case 'deleting':
      throw new Failure('BAI-CONFLICT-PHASE', `${id} is half deleted.`, {
        facts: { phase: record.phase },
        next: [{ purpose: 'finish that', command: `bai-dev delete -e ${id}` }],
      });
    case 'kept':
      throw new Failure('BAI-CONFLICT-PHASE', `Parts of ${id} were deleted.`, {
        facts: { phase: record.phase },
        next: [{ purpose: 'make them again', command: `bai-dev install -e ${id}` }],
      });
  }
}

/**
 * Those of `known` that were named, in their own order, also by what else people call them; `BAI-USAGE` with the
 * nearest for a name that is none.
 */
export function chosen(known: readonly string[], named: readonly string[], what: string): string[] {
  const meant = named.map((name) => canonicalName(name, known));
  const unknown = named.find((_, at) => meant[at] === undefined);
  if (unknown === undefined) return known.filter((name) => meant.includes(name));
  throw new Failure(
    'BAI-USAGE',
    `There is no ${what} ${JSON.stringify(unknown)}.${suggestion(unknown, known)} There is ${known.join(', ')}.`,
    { facts: { unknown, known } },
  );
}
