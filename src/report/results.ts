// What each command ends with when it ends well: the `result` of the JSON envelope, and what words are found for.
import type { FailureCode, FailureMeaning } from '../failure.ts';
import type { DeleteResult } from '../operations/delete.ts';
import type { Guide } from '../operations/guide.ts';
import type { InstallResult } from '../operations/install.ts';
import type { ReleaseRow } from '../operations/releases.ts';
import type { FailureFacts } from './events.ts';

export interface Explanation extends FailureMeaning {
  readonly code: FailureCode;
}

export type Result =
  | { readonly command: 'install'; readonly value: InstallResult }
  | { readonly command: 'delete'; readonly value: DeleteResult }
  | { readonly command: 'guide'; readonly value: Guide }
  | { readonly command: 'releases'; readonly value: readonly ReleaseRow[] }
  | { readonly command: 'explain'; readonly value: Explanation };

/** How a run ended; every run ends in exactly one. */
export type Ending =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly command: string; readonly failure: FailureFacts };
