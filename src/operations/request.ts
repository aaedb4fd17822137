// What the command line, the variables, the config file and the answers of a person add up to.
import type { EnvironmentId } from '../environment/id.ts';
import type { PortWish } from '../prechecks/draft.ts';

export interface InstallRequest {
  readonly id: EnvironmentId;
  /** The ID was made up for this run. */
  readonly randomId: boolean;
  /** As it was written: `21.09` or `2109`; undefined leaves the choice to the ID and the catalogue. */
  readonly release?: string;
  /** Absolute. */
  readonly installPath?: string;
  readonly pythonVersion?: string;
  readonly engine?: 'docker';
  readonly source?: 'pypi';
  readonly index?: string;
  readonly ports: PortWish;
  /** Consent was given beforehand. */
  readonly yes: boolean;
  readonly dryRun: boolean;
}
