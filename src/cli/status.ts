// bai-dev status: how each server of an environment stands.
import type { Command } from './command.ts';
import { meantId } from './named.ts';

export const statusCommand: Command = {
  name: 'status',
  group: 'Run',
  about: 'how every server stands, and since when',
  argument: { name: 'id', about: 'name of the environment; not needed inside its folder' },
  options: ['environment', 'json', 'verbose', 'no-color'],
  examples: ['bai-dev status dev2109', 'bai-dev status dev2109 --json'],
  async perform(world, call) {
    const id = await meantId(world, call, 'status');
    const { status } = await import('../operations/status.ts');
    return { command: 'status', value: await status(world, { id }) };
  },
};
