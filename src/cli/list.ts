// bai-dev list: all environments and how they stand.
import type { Command } from './command.ts';

export const listCommand: Command = {
  name: 'list',
  aliases: ['ls'],
  group: 'Run',
  about: 'all environments, and how they stand',
  options: ['quiet', 'json', 'verbose', 'no-color'],
  typedOnly: ['quiet'],
  examples: ['bai-dev list', 'bai-dev ls -q'],
  async perform(world, { wishes }) {
    const { list } = await import('../operations/list.ts');
    return { command: 'list', value: await list(world), quiet: wishes.quiet ?? false };
  },
};
