// bai-dev delete: removes environments. IDs, parts and consent must be typed, whatever variables and files say.
import { parseId } from '../environment/id.ts';
import { Failure } from '../failure.ts';
import type { Part } from '../operations/belongings.ts';
import type { Call, Command } from './command.ts';
import { namedId } from './named.ts';
import type { OptionName } from './options.ts';

export const deleteCommand: Command = {
  name: 'delete',
  group: 'Make',
  about: 'remove an environment and everything that was made for it',
  argument: { name: 'id', about: 'name of the environment' },
  words: { name: 'ids', about: 'names of more environments', many: true },
  options: [
    ...(['environment', 'all', 'skip-containers', 'skip-venvs', 'skip-source'] as const),
    ...(['force', 'no-snapshot', 'yes', 'dry-run', 'json', 'verbose', 'no-color'] as const),
  ],
  meanings: {
    force: 'save work in the source trees instead of refusing, and end what runs by hand',
    'dry-run': 'show what would be removed, and remove nothing',
  },
  typedOnly: [
    ...(['environment', 'all', 'skip-containers', 'skip-venvs', 'skip-source', 'force', 'yes'] as const),
  ],
  examples: [
    'bai-dev delete -e dev2109',
    'bai-dev delete -e dev2109 --dry-run',
    'bai-dev delete dev2009 dev2103 --skip-source',
  ],
  async perform(world, call) {
    const { wishes, defaults } = call;
    const ids = namedIds(call);
    const kept = new Set(skips.flatMap(([flag, part]) => (wishes[flag] === true ? [part] : [])));
    const { deleteEnvironments } = await import('../operations/delete.ts');
    return {
      command: 'delete',
      value: await deleteEnvironments(world, {
        ...{ ids, kept, force: wishes.force ?? false, yes: wishes.yes ?? false },
        snapshot: !(wishes['no-snapshot'] ?? defaults['no-snapshot'] ?? false),
        dryRun: wishes['dry-run'] ?? defaults['dry-run'] ?? false,
      }),
    };
  },
};

const skips = [
  ['skip-containers', 'halfstack'],
  ['skip-venvs', 'virtualenvs'],
  ['skip-source', 'sources'],
] as const satisfies readonly (readonly [OptionName, Part])[];

function namedIds({ wishes, words }: Call): readonly string[] | 'all' {
  if (wishes.all !== true) return [namedId(wishes.environment, 'delete'), ...words.map(parseId)];
  if (wishes.environment === undefined && words.length === 0) return 'all';
  throw new Failure('BAI-USAGE', '--all means every environment, and others are named besides.');
}
