// Asks before something is lost for ever.
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';

export interface Consent {
  /** Agreed to beforehand. */
  readonly yes: boolean;
  readonly question: string;
  /** What needs the yes, as the subject of a sentence. */
  readonly act: string;
  /** The command that agrees beforehand. */
  readonly command: string;
  /** What a no leaves behind. */
  readonly declined: string;
}

/** Returns after a yes; a no is `BAI-DECLINED`, nobody to ask `BAI-QUESTION`. */
export async function consent(
  world: World,
  { yes, question, act, command, declined }: Consent,
): Promise<void> {
  if (yes) return;
  if (!world.ask.available) {
    throw new Failure('BAI-QUESTION', `${act} needs a yes, and there is no terminal to ask on.`, {
      next: [{ purpose: 'agree beforehand', command }],
    });
  }
  if (!(await world.ask.confirm({ message: question, initial: false })))
    throw new Failure('BAI-DECLINED', declined);
}
