// What can happen that a user may care about: facts, never sentences or colours (those are in words.ts).
import type { FailureCode, NextCommand } from '../failure.ts';

/** How a step ended: `kept` found its work there already; `skipped` never began because another failed. */
export type StepOutcome = 'done' | 'kept' | 'failed' | 'interrupted' | 'skipped';

export type Severity = 'ok' | 'note' | 'warning' | 'blocker';

/** The answer of a precheck. `id` is a stable contract, e.g. `docker.permission`. */
export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  /** A few words: what it is about and how it stands. */
  readonly title: string;
  /** One sentence: why. */
  readonly reason?: string;
  readonly next?: readonly NextCommand[];
}

/** A failure as data, for the reporters and the JSON envelope. */
export interface FailureFacts {
  readonly code: FailureCode;
  readonly reason: string;
  readonly exit: number;
  readonly retryable: boolean;
  readonly next: readonly NextCommand[];
  readonly lines: readonly string[];
  readonly facts: Readonly<Record<string, unknown>>;
  readonly step?: { readonly id: string; readonly title: string; readonly group: string };
  readonly log?: string;
}

/** One line of the plan as it is shown before it is agreed to. */
export interface PlannedStep {
  readonly id: string;
  readonly title: string;
  readonly group: string;
  /** What will happen to it in this run, as far as it can be told without doing it. */
  readonly outlook: 'make' | 'keep' | 'remove';
  readonly bytes?: number;
  readonly seconds?: number;
}

/** One thing that was decided and that a person may want otherwise. */
export interface PlanFact {
  readonly what: string;
  readonly is: string;
  readonly path?: string;
}

/** One thing in which an environment is to become another. */
export interface Difference {
  readonly what: string;
  readonly is: string | number;
  readonly wish: string | number;
  /** One sentence: what is done for it. */
  readonly means: string;
}

export type Event =
  | {
      readonly kind: 'environment';
      readonly command: string;
      readonly id: string;
      readonly title: string;
      readonly engine: string;
      /** Why this engine, if it was not asked for. */
      readonly engineReason?: string;
      readonly source: string;
      readonly path: string;
      /** The ID was made up for this run, so it must be seen before anything else. */
      readonly random?: boolean;
    }
  | { readonly kind: 'note'; readonly message: string; readonly severity: 'note' | 'warning' }
  /** What a change is about; the daemons that are stopped for it and the things that go. */
  | {
      readonly kind: 'change';
      readonly differences: readonly Difference[];
      readonly stops: readonly string[];
      readonly removes: readonly string[];
    }
  | { readonly kind: 'prechecks'; readonly findings: readonly Finding[]; readonly seconds: number }
  | {
      readonly kind: 'plan';
      readonly steps: readonly PlannedStep[];
      readonly facts?: readonly PlanFact[];
      readonly seconds?: number;
      readonly bytes?: number;
    }
  | { readonly kind: 'step-started'; readonly step: string; readonly title: string; readonly group: string }
  | {
      readonly kind: 'step-progress';
      readonly step: string;
      readonly detail: string;
      readonly done?: number;
      readonly total?: number;
    }
  | {
      readonly kind: 'step-ended';
      readonly step: string;
      readonly title: string;
      readonly group: string;
      readonly outcome: StepOutcome;
      readonly seconds: number;
      /** A few words worth a line: "postgres 8101". */
      readonly summary?: string;
      readonly reason?: string;
    }
  | { readonly kind: 'command-started'; readonly argv: readonly string[]; readonly cwd: string }
  | { readonly kind: 'command-output'; readonly stream: 'stdout' | 'stderr'; readonly line: string }
  | {
      readonly kind: 'command-ended';
      readonly argv: readonly string[];
      readonly exit: number;
      readonly seconds: number;
    }
  | {
      readonly kind: 'removal';
      readonly resource: string;
      readonly outcome: 'removed' | 'absent' | 'kept' | 'failed';
      readonly reason?: string;
    }
  | { readonly kind: 'log-opened'; readonly path: string };
