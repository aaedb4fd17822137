// What commands on an existing environment begin with: its record, its state, and the names they were given.
import type { EnvironmentRecord } from '../environment/record.ts';
import { readRecord } from '../environment/store.ts';
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';
import { suggestion } from './nearest.ts';

/** The record, whatever its phase; `BAI-ENVIRONMENT-ABSENT` if there is none. */
export async function existingRecord(world: World, id: string): Promise<EnvironmentRecord> {
  const record = await readRecord(world.host, id);
  if (record !== undefined) return record;
  throw new Failure('BAI-ENVIRONMENT-ABSENT', `There is no environment ${id}.`, {
    next: [{ purpose: 'make it', command: `bai-dev install -e ${id}` }],
  });
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

/** Those of `known` that were named, in their own order; `BAI-USAGE` with the nearest for a name that is none. */
export function chosen(known: readonly string[], named: readonly string[], what: string): string[] {
  const unknown = named.find((name) => !known.includes(name));
  if (unknown === undefined) return known.filter((name) => named.includes(name));
  throw new Failure(
    'BAI-USAGE',
    `There is no ${what} ${JSON.stringify(unknown)}.${suggestion(unknown, known)} There is ${known.join(', ')}.`,
    { facts: { unknown, known } },
  );
}
