// Why a Docker engine cannot be used, in a few words.
import type { DockerFacts } from './probe.ts';

/** A part of a sentence: `this user may not use Docker`. */
export function dockerTrouble(facts: Exclude<DockerFacts, { state: 'ok' }>): string {
  switch (facts.state) {
    case 'no-socket':
      return 'there is no Docker engine';
    case 'no-permission':
      return 'this user may not use Docker';
    case 'down':
      return 'Docker does not answer';
    case 'too-old':
      return `Docker ${facts.serverVersion} is too old`;
    case 'not-local':
      return 'the Docker engine is on another machine';
  }
}
