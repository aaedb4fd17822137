// Why an agent offers nothing of its accelerator: told by the plugin itself, in the agent's log.
import { stripVTControlCharacters } from 'node:util';
import { firstLines } from '../host/tail.ts';
import type { Accelerator } from '../release/release.ts';
import type { KnownAgent } from './asking.ts';

/** True if an agent offers some of it, whole devices or parts of them: `cuda.device` or `cuda.shares`. */
export function offers(
  { available }: Pick<KnownAgent, 'available'>,
  { slot }: Pick<Accelerator, 'slot'>,
): boolean {
  const [kind = slot] = slot.split('.');
  return Object.entries(available).some(
    ([name, amount]) => name.startsWith(`${kind}.`) && Number(amount) > 0,
  );
}

/** The plugin's last complaint at the start of the agent, in its own words; undefined if it has none. */
export async function pluginComplaint(log: string): Promise<string | undefined> {
  const lines = (await firstLines(log)).map(stripVTControlCharacters);
  const said = lines.flatMap((line) =>
    complaints.map((complaint) => complaint.exec(line)?.[1]?.trim() ?? ''),
  );
  return said.findLast((words) => words !== '')?.replace(/\.$/, '');
}

/** As the agent's logger writes them, and the last line of the traceback of a plugin that could not begin. */
const complaints = [
  /\b(?:WARNING|ERROR)\b.*?\bai\.backend\.accelerator\.\S*(?: \[\d+\])?:? (.+)$/,
  /\bConfigurationError: .*?(Could not read config from: [^'"]+)/,
];
