// What every step factory is given: the decided environment and the means to make it.
import type { Secrets } from '../environment/record.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import type { Endpoints, HalfstackEngine, Stack } from '../halfstack/engine.ts';
import type { Resource } from '../resources/resource.ts';
import type { World } from '../world.ts';

export interface Making {
  /** Its children carry the environment's ID. */
  readonly world: World;
  readonly spec: EnvironmentSpec;
  /** While the environment is changed: what it was, the first being what it was when it was whole. */
  readonly former: readonly EnvironmentSpec[];
  readonly secrets: Secrets;
  readonly engine: HalfstackEngine;
  readonly stack: Stack;
  readonly endpoints: Endpoints;
  /** What the record holds right now, including what this run entered. */
  readonly resources: () => readonly Resource[];
  /** True if a run has ever begun that step. */
  readonly wasBegun?: (step: string) => boolean;
  /** Data without bai-dev's mark are kept as they are, and marked. */
  readonly adopt?: boolean;
}
