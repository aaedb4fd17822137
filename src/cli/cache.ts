// bai-dev cache: what downloads occupy, and removing those that no environment needs.
import { Failure } from '../failure.ts';
import { suggestion } from '../operations/nearest.ts';
import type { Command } from './command.ts';

const actions = ['show', 'prune'] as const;

export const cacheCommand: Command = {
  name: 'cache',
  group: 'Know',
  about: 'Show or prune the download cache',
  argument: { name: 'action', about: `What to do: ${actions.join(', ')} (default: show)` },
  options: ['yes', 'json', 'verbose', 'no-color'],
  typedOnly: ['yes'],
  examples: ['bai-dev cache', 'bai-dev cache prune'],
  async perform(world, { argument = 'show', wishes }) {
    const action = actions.find((one) => one === argument);
    if (action === undefined) {
      throw new Failure(
        'BAI-USAGE',
        `bai-dev cache does one of ${actions.join(', ')}.${suggestion(argument, actions)}`,
      );
    }
    const { pruneCache, showCache } = await import('../operations/cache.ts');
    const value = await (action === 'show'
      ? showCache(world)
      : pruneCache(world, { yes: wishes.yes ?? false }));
    return { command: 'cache', value };
  },
};
