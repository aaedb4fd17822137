// bai-dev releases: what can be installed.
import type { Command } from './command.ts';

export const releasesCommand: Command = {
  name: 'releases',
  group: 'Know',
  about: 'the releases of Backend.AI that can be installed',
  options: ['json', 'verbose', 'no-color'],
  examples: ['bai-dev releases'],
  async perform(world) {
    const { releases } = await import('../operations/releases.ts');
    return { command: 'releases', value: await releases(world) };
  },
};
