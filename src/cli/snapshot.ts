// bai-dev snapshot: the data of an environment's three stores at one point in time. What is meant must be named.
import { parseId } from '../environment/id.ts';
import { Failure } from '../failure.ts';
import { suggestion } from '../operations/nearest.ts';
import type { SnapshotEnd } from '../report/results.ts';
import type { World } from '../world.ts';
import type { Call, Command } from './command.ts';
import { namedId } from './named.ts';

const actions = ['save', 'list', 'restore', 'delete'] as const;

export const snapshotCommand: Command = {
  name: 'snapshot',
  group: 'Use',
  about: 'save, list, restore or delete the data of an environment',
  argument: { name: 'action', about: `what to do: ${actions.join(', ')}` },
  words: { name: 'words', about: 'ID of the environment, and the name of the snapshot', many: true },
  options: ['environment', 'into', 'yes', 'json', 'verbose', 'no-color'],
  typedOnly: ['environment', 'into', 'yes'],
  examples: [
    'bai-dev snapshot save dev2109 before-the-migration',
    'bai-dev snapshot list',
    'bai-dev snapshot restore dev2109 before-the-migration',
    'bai-dev snapshot restore dev2109 --into other2109',
  ],
  perform: async (world, call) => ({ command: 'snapshot', value: await perform(world, call) }),
};

async function perform(world: World, call: Call): Promise<SnapshotEnd> {
  const { wishes } = call;
  const action = actions.find((one) => one === call.argument);
  if (action === undefined) {
    const { argument } = call;
    const hint = argument === undefined ? '' : suggestion(argument, actions);
    throw new Failure('BAI-USAGE', `bai-dev snapshot does one of ${actions.join(', ')}.${hint}`);
  }
  const { id: said, name } = spoken(call);
  if (action !== 'restore' && wishes.into !== undefined) {
    throw new Failure('BAI-USAGE', '--into is of use only to snapshot restore.');
  }
  const operations = await import('../operations/snapshot.ts');
  if (action === 'list') return { action, snapshots: await operations.snapshotRows(world, said) };
  const id = namedId(said, 'snapshot');
  if (action === 'save') {
    return { action, snapshot: await operations.saveSnapshot(world, { id, ...(name && { name }) }) };
  }
  if (action === 'delete') {
    if (name === undefined) throw new Failure('BAI-USAGE', 'Which snapshot is to be deleted must be named.');
    return { action, snapshot: await operations.deleteSnapshot(world, id, name) };
  }
  const { restoreSnapshot } = await import('../operations/restore.ts');
  const request = { id, into: wishes.into ?? id, yes: wishes.yes ?? false, ...(name && { name }) };
  return { action, ...(await restoreSnapshot(world, request)) };
}

/** With `-e` the only word is the name. */
function spoken({ wishes, words }: Call) {
  const [id, name, ...more] = wishes.environment === undefined ? words : [wishes.environment, ...words];
  if (more.length > 0) throw new Failure('BAI-USAGE', 'An ID and one name are all that is understood.');
  return { id: id === undefined ? undefined : parseId(id), name };
}
