// What is wanted before it is known whether this machine can hold it.
import type { EnvironmentId } from '../environment/id.ts';
import type { SinglePort } from '../environment/ports.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import type { AcceleratorKind } from '../release/accelerator.ts';
import type { Release } from '../release/release.ts';
import type { Finding } from '../report/events.ts';
import type { TreeChoice } from '../source/choose.ts';

/** Ports that were asked for by name or by the base of a block; what is not named is left to us. */
export interface PortWish {
  readonly base?: number;
  readonly single: Readonly<Partial<Record<SinglePort, number>>>;
}

/** Where a tree comes from, or why it cannot be had from there; `nearest` are refs that could have been meant. */
export interface DraftSource extends TreeChoice {
  readonly nearest: readonly string[];
}

export interface Draft {
  readonly id: EnvironmentId;
  readonly installPath: string;
  /** The folder may hold files of the user's that stayed when the environment was removed, which it is to be again. */
  readonly beside?: boolean;
  readonly release: Release;
  /** Exact version or minor version of Python, if one was asked for. */
  readonly pythonVersion?: string;
  readonly ports: PortWish;
  readonly index: string;
  /** One for each tree of the release. */
  readonly sources: readonly DraftSource[];
  /** What is to run the halfstack; `docker` if nothing is said. */
  readonly engine?: 'docker' | 'native';
  /** What the agent is to offer besides CPU and memory; nothing if nothing is said. */
  readonly accelerator?: AcceleratorKind;
  /** Names of the kernel images to have; none if nothing is said. */
  readonly kernelImages?: readonly string[];
  /** The record of an earlier run: what it names is ours and no obstacle. */
  readonly record?: EnvironmentRecord;
}

/** The answer of a precheck: what a person should know, and what the spec needs of it (absent after a blocker). */
export interface Checked<Facts> {
  readonly findings: readonly Finding[];
  readonly facts?: Facts;
}
