// What each command ends with when it ends well: the `result` of the JSON envelope, and what words are found for.
import type { FailureCode, FailureMeaning } from '../failure.ts';
import type { CacheResult } from '../operations/cache.ts';
import type { DeleteResult } from '../operations/delete.ts';
import type { Description } from '../operations/describe.ts';
import type { ExecResult } from '../operations/exec.ts';
import type { Guide } from '../operations/guide.ts';
import type { InstallResult } from '../operations/install.ts';
import type { ListResult } from '../operations/list.ts';
import type { PruneResult } from '../operations/prune.ts';
import type { ReleaseRow } from '../operations/releases.ts';
import type { ResetResult } from '../operations/reset.ts';
import type { RestoreResult } from '../operations/restore.ts';
import type { SnapshotRow } from '../operations/snapshot.ts';
import type { StartResult } from '../operations/start.ts';
import type { StatusResult } from '../operations/status.ts';
import type { StopResult } from '../operations/stop.ts';
import type { SwitchResult } from '../operations/switch.ts';
import type { FailureFacts } from './events.ts';

export interface Explanation extends FailureMeaning {
  readonly code: FailureCode;
  /** Two or three sentences: causes and ways out. */
  readonly explanation: string;
}

export interface LogsEnd {
  /** How many were told. */
  readonly lines: number;
  /** What the program ends with. */
  readonly exit: number;
}

/** What became of snapshots. */
export type SnapshotEnd =
  | { readonly action: 'save' | 'delete'; readonly snapshot: SnapshotRow }
  | { readonly action: 'list'; readonly snapshots: readonly SnapshotRow[] }
  | ({ readonly action: 'restore' } & RestoreResult)
  | ({ readonly action: 'prune' } & PruneResult);

export type Result =
  /** `started` with `--start`. */
  | { readonly command: 'install'; readonly value: InstallResult & { readonly started?: StartResult } }
  | { readonly command: 'reset'; readonly value: ResetResult }
  | { readonly command: 'delete'; readonly value: readonly DeleteResult[] }
  | { readonly command: 'snapshot'; readonly value: SnapshotEnd }
  | { readonly command: 'cache'; readonly value: CacheResult }
  | { readonly command: 'guide'; readonly value: Guide }
  | { readonly command: 'releases'; readonly value: readonly ReleaseRow[] }
  /** `quiet`: only the IDs are told. */
  | { readonly command: 'list'; readonly value: ListResult; readonly quiet: boolean }
  | { readonly command: 'start' | 'restart'; readonly value: StartResult }
  | { readonly command: 'stop'; readonly value: StopResult }
  | { readonly command: 'switch'; readonly value: SwitchResult }
  | { readonly command: 'status'; readonly value: StatusResult }
  | { readonly command: 'describe'; readonly value: Description }
  | { readonly command: 'exec'; readonly value: ExecResult }
  | { readonly command: 'logs'; readonly value: LogsEnd }
  /** Without a code all of them. */
  | { readonly command: 'explain'; readonly value: Explanation | readonly Explanation[] };

/** How a run ended; every run ends in exactly one. */
export type Ending =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly command: string; readonly failure: FailureFacts };
