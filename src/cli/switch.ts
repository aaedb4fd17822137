// bai-dev switch: from what runs to another environment. Its ID must be named.
import type { Command } from './command.ts';
import { namedId } from './named.ts';
import { startWishes } from './start.ts';

export const switchCommand: Command = {
  name: 'switch',
  group: 'Run',
  about: 'stop what runs and start another; all is as before if that fails',
  argument: { name: 'id', about: 'name of the environment to change to' },
  options: ['environment', 'start', 'tmux', 'timeout', 'json', 'verbose', 'no-color'],
  typedOnly: ['environment'],
  examples: ['bai-dev switch dev2103', 'bai-dev switch dev2103 --start'],
  async perform(world, call) {
    const { wishes, defaults } = call;
    const id = namedId(wishes.environment, 'switch');
    const { tmux, limit } = startWishes(call);
    const { switchTo } = await import('../operations/switch.ts');
    const start = wishes.start ?? defaults.start ?? false;
    return { command: 'switch', value: await switchTo(world, { id, start, tmux, limit }) };
  },
};
