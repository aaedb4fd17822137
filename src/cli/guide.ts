// bai-dev guide: how to work in an environment by hand. Inside its install path it needs no ID.
import type { Command } from './command.ts';
import { meantId } from './named.ts';

export const guideCommand: Command = {
  name: 'guide',
  group: 'Use',
  about: 'how to run the daemons by hand, the URLs, accounts and files',
  argument: { name: 'id', about: 'name of the environment; not needed inside its folder' },
  options: ['environment', 'json', 'verbose', 'no-color'],
  examples: ['bai-dev guide dev2109', 'bai-dev guide dev2109 --json'],
  async perform(world, call) {
    const id = await meantId(world, call, 'guide');
    const { guide } = await import('../operations/guide.ts');
    return { command: 'guide', value: await guide(world, { id }) };
  },
};
