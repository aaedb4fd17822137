// What is said after a switch: what stopped, what runs now, and the way back.
import type { SwitchResult } from '../../operations/switch.ts';
import { apart } from '../layout.ts';
import { duration, type Look } from '../style.ts';
import { startScreen } from './run.ts';

/** Ends with what runs now, as after a start. */
export function switchScreen(result: SwitchResult, look: Look): string[] {
  const { id, outcome, stopped, started, mended, seconds } = result;
  if (outcome === 'unchanged') return [`${id} runs already, and no other environment does.`];
  const ids = stopped.map((one) => one.id);
  const words = ids.length === 0 ? 'Nothing else ran.' : `Stopped: ${ids.join(', ')}.`;
  const head = look.paint('strong', words);
  const [back] = ids;
  return [
    apart(head, look.paint('faint', `in ${duration(seconds)}`), Math.min(look.width, 80)) ?? head,
    ...(mended === undefined ? [] : [`The switch to ${mended} that was cut off is mended.`]),
    ...(started === undefined ? [] : startScreen(started, look)),
    ...(back === undefined ? [] : [`  Back  bai-dev switch ${back}`]),
  ];
}
