// bai-dev delete: removes an environment. Its ID and the consent must be typed, whatever variables and files say.
import type { Command } from './command.ts';
import { namedId } from './named.ts';

export const deleteCommand: Command = {
  name: 'delete',
  group: 'Make',
  about: 'remove an environment and everything that was made for it',
  argument: { name: 'id', about: 'name of the environment' },
  options: ['environment', 'yes', 'dry-run', 'json', 'verbose', 'no-color'],
  typedOnly: ['environment', 'yes'],
  examples: ['bai-dev delete -e dev2109', 'bai-dev delete -e dev2109 --dry-run'],
  async perform(world, { wishes, defaults }) {
    const id = namedId(wishes.environment, 'delete');
    const { deleteEnvironment } = await import('../operations/delete.ts');
    const dryRun = wishes['dry-run'] ?? defaults['dry-run'] ?? false;
    return {
      command: 'delete',
      value: await deleteEnvironment(world, { id, yes: wishes.yes ?? false, dryRun }),
    };
  },
};
