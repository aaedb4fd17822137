// bai-dev reset: fresh data without reinstalling. The consent must be typed, whatever variables and files say.
import type { Command } from './command.ts';
import { namedId } from './named.ts';

export const resetCommand: Command = {
  name: 'reset',
  group: 'Make',
  about: 'fresh database, Redis and etcd; everything else stays',
  argument: { name: 'id', about: 'name of the environment' },
  options: ['environment', 'no-snapshot', 'yes', 'json', 'verbose', 'no-color'],
  typedOnly: ['environment', 'yes'],
  examples: ['bai-dev reset dev2109', 'bai-dev reset dev2109 --no-snapshot'],
  async perform(world, { wishes, defaults }) {
    const id = namedId(wishes.environment, 'reset');
    const { reset } = await import('../operations/reset.ts');
    const snapshot = !(wishes['no-snapshot'] ?? defaults['no-snapshot'] ?? false);
    return { command: 'reset', value: await reset(world, { id, yes: wishes.yes ?? false, snapshot }) };
  },
};
