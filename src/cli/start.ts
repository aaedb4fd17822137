// bai-dev start: halfstack and daemons. Inside the install path it needs no ID.
import { Failure } from '../failure.ts';
import type { Call, Command } from './command.ts';
import { meantId, namedDaemons } from './named.ts';

export const startCommand: Command = {
  name: 'start',
  group: 'Run',
  about: 'start halfstack and daemons, until they answer',
  argument: { name: 'id', about: 'name of the environment; not needed inside its folder' },
  words: { name: 'name', about: 'Daemons to start (default: all)', many: true },
  options: [
    ...(['environment', 'only', 'halfstack-only', 'tmux', 'force', 'timeout'] as const),
    ...(['json', 'verbose', 'no-color'] as const),
  ],
  meanings: { force: 'also a second agent on one Docker engine' },
  typedOnly: ['only', 'halfstack-only', 'force'],
  examples: [
    'bai-dev start dev2109',
    'bai-dev start dev2109 manager webserver',
    'bai-dev start dev2109 --tmux',
  ],
  async perform(world, call) {
    const request = { id: await meantId(world, call, 'start'), ...startWishes(call, namedDaemons(call)) };
    const { start } = await import('../operations/start.ts');
    return { command: 'start', value: await start(world, request) };
  },
};

/** How to start, as it was said; `BAI-USAGE` for words that contradict each other. */
export function startWishes(
  { wishes, defaults }: Pick<Call, 'wishes' | 'defaults'>,
  only: readonly string[] | undefined = wishes.only,
) {
  const halfstackOnly = wishes['halfstack-only'] ?? false;
  if (only !== undefined && halfstackOnly) {
    throw new Failure('BAI-USAGE', '--halfstack-only starts no daemons, so none can be named.');
  }
  return {
    ...(only === undefined ? {} : { only }),
    halfstackOnly,
    tmux: wishes.tmux ?? defaults.tmux ?? false,
    force: wishes.force ?? false,
    limit: wishes.timeout ?? defaults.timeout ?? usualLimit,
  };
}

/** Seconds for a daemon to get ready when nobody says otherwise; the slowest takes about 15 (facts 12.4). */
const usualLimit = 120;
