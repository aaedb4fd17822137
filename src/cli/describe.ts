// bai-dev describe: addresses, accounts and folders of an environment.
import type { Command } from './command.ts';
import { meantId } from './named.ts';

export const describeCommand: Command = {
  name: 'describe',
  group: 'Use',
  about: 'addresses with passwords, accounts, folders',
  argument: { name: 'id', about: 'name of the environment; not needed inside its folder' },
  options: ['environment', 'json', 'verbose', 'no-color'],
  examples: ['bai-dev describe dev2109', 'bai-dev describe dev2109 --json'],
  async perform(world, call) {
    const id = await meantId(world, call, 'describe');
    const { describe } = await import('../operations/describe.ts');
    return { command: 'describe', value: await describe(world, { id }) };
  },
};
