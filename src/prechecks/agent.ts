// Can the daemons that need Docker run here? A native halfstack needs no engine, but the agent does.
import { probeDocker } from '../docker/probe.ts';
import { dockerTrouble } from '../docker/trouble.ts';
import type { Release } from '../release/release.ts';
import type { Finding } from '../report/events.ts';
import type { World } from '../world.ts';
import { engineFinding } from './docker.ts';
import type { Checked, Draft } from './draft.ts';

/** Daemons that cannot run on this machine as it is. */
export interface Unavailable {
  readonly daemons: readonly string[];
  /** A part of a sentence: `this user may not use Docker`. */
  readonly reason: string;
}

/** Components whose daemon needs a Docker engine, whatever runs the halfstack. */
export const needingDocker = ({ components }: Release): readonly string[] =>
  Object.keys(components).filter((name) => components[name]?.daemon?.needsDocker === true);

/** A warning only: everything is installed, and the other daemons run. An engine of the halfstack has its own check. */
export async function checkAgent(world: World, { release, engine }: Draft): Promise<Checked<Unavailable>> {
  const daemons = needingDocker(release);
  if (engine !== 'native' || daemons.length === 0) return { findings: [] };
  const facts = await probeDocker(world);
  if (facts.state === 'ok') return { findings: [] };
  const { reason = '', next = [] } = engineFinding(world, facts);
  const finding: Finding = {
    id: 'docker.agent',
    severity: 'warning',
    title: `${daemons.join(', ')} cannot run: ${dockerTrouble(facts)}`,
    reason: `${reason} Everything is installed and the other daemons run, but no session can be started.`,
    next,
  };
  return { findings: [finding], facts: { daemons, reason: dockerTrouble(facts) } };
}
