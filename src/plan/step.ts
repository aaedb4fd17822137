// A unit of making and the notebook it is entered in. This room knows nothing about Backend.AI.

/** What a resource costs to make; only for estimates. */
export interface Cost {
  readonly bytes?: number;
  readonly seconds?: number;
}

/** The pools of the runner: how many steps of a kind may run at a time. */
export type Limit = 'network' | 'cpu' | 'disk';

/** What a running step may say and must obey. */
export interface StepControl {
  readonly signal: AbortSignal;
  /** Tells how far it is: a few words, and a count where there is one. */
  progress(detail: string, count?: { readonly done: number; readonly total: number }): void;
  /** A few words for the line that tells its end. */
  summary(words: string): void;
}

/** One unit of making; `R` is whatever the journal calls a resource. */
export interface Step<R> {
  /** A stable contract, e.g. `source:manager`. */
  readonly id: string;
  readonly title: string;
  /** What the live view shows as one line, e.g. `Sources`. */
  readonly group: string;
  /** IDs above this one in the list: it waits for them. */
  readonly after?: readonly string[];
  readonly limit?: Limit;
  readonly cost?: Cost;
  /** Plain JSON; if it changes, an old "done" no longer counts. */
  readonly inputs?: unknown;
  /** What `run` is going to make; entered in the journal before `run` is called. */
  makes?(): readonly R[];
  /** Is it really there? Looks, never touches. A step without a check is believed by its mark. */
  check?(): Promise<boolean>;
  /** May start from any half-made state; doing it twice is as doing it once. */
  run(control: StepControl): Promise<void>;
}

/** What is remembered of a step. */
export interface Mark {
  readonly state: 'started' | 'done';
  /** Hash of the step's inputs. */
  readonly fingerprint: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Where the runner enters what it does. Each call returns when the entry would survive a power cut. */
export interface Journal<R> {
  mark(id: string): Mark | undefined;
  started(id: string, resources: readonly R[], fingerprint: string): Promise<void>;
  done(id: string, fingerprint: string): Promise<void>;
}
