// Data that bai-dev did not put there, or cannot prove to have: why they are left alone, and what can be done.
import type { EnvironmentSpec } from '../environment/spec.ts';
import { Failure } from '../failure.ts';

export interface ForeignData {
  /** A noun: `database`. */
  readonly store: string;
  /** How its mark may have got lost, as a sentence. */
  readonly lost: string;
  /** What it holds, in a few words each. */
  readonly holds: readonly string[];
}

/** As many of what it holds are named. */
const shown = 6;

/** The failure of a step that would have to overwrite such data. */
export function foreignData({ id }: EnvironmentSpec, { store, lost, holds }: ForeignData): Failure {
  const more = holds.length - shown;
  const list = [...holds.slice(0, shown), ...(more > 0 ? [`${more} more`] : [])].join(', ');
  return new Failure(
    'BAI-CONFLICT-DATA',
    `The ${store} of ${id} holds data without bai-dev's mark and is not filled again: ${list}. ${lost}`,
    {
      facts: { store, holds },
      next: [
        { purpose: 'keep these data as they are', command: `bai-dev install -e ${id} --adopt-data` },
        { purpose: 'or replace all data by fresh ones', command: `bai-dev reset ${id}` },
      ],
    },
  );
}
