// What the command line, the variables, the config file and the answers of a person add up to.
import type { EnvironmentId } from '../environment/id.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import type { PortWish } from '../prechecks/draft.ts';
import type { AcceleratorKind } from '../release/accelerator.ts';
import type { EngineWish } from './engine.ts';
import type { SourceWishes } from './sources.ts';

/** Which images of kernels to pull: none, the release's usual ones, or the big ones too. */
export type KernelImageWish = 'none' | 'usual' | 'big';

/** What may be chosen about an environment; what is left out is decided by the ID, the catalogue and the machine. */
export interface Wishes {
  /** As it was written: `21.09` or `2109`. */
  readonly release?: string;
  /** Absolute. */
  readonly installPath?: string;
  readonly pythonVersion?: string;
  readonly engine?: EngineWish;
  readonly sources?: SourceWishes;
  readonly index?: string;
  readonly accelerator?: AcceleratorKind;
  readonly kernelImages?: KernelImageWish;
  readonly ports: PortWish;
}

export interface InstallRequest {
  readonly id: EnvironmentId;
  /** The ID was made up for this run. */
  readonly randomId: boolean;
  /** Flags and answers: said for this very environment, so an existing one must agree with them. */
  readonly wishes: Wishes;
  /** Variables and config file: for what was not wished, and only where the environment is new. */
  readonly defaults: Wishes;
  /** Consent was given beforehand. */
  readonly yes: boolean;
  readonly dryRun: boolean;
  /** An environment that was made differently is to become what is wished. */
  readonly change: boolean;
  /** Data that bai-dev did not put there, or whose mark is lost, are kept as they are, and marked. */
  readonly adopt?: boolean;
  /** False: a change does not save the data first. */
  readonly snapshot?: boolean;
  /** A former spec: a new environment takes its release, sources and kernel images as they were. */
  readonly like?: EnvironmentSpec;
}
