// bai-dev snapshot: the data of an environment's three stores at one point in time. What is meant must be named.
import { parseId } from '../environment/id.ts';
import { Failure } from '../failure.ts';
import { suggestion } from '../operations/nearest.ts';
import type { SnapshotEnd } from '../report/results.ts';
import type { World } from '../world.ts';
import type { Call, Command } from './command.ts';
import { namedId } from './named.ts';

const actions = ['save', 'list', 'restore', 'delete', 'prune'] as const;

export const snapshotCommand: Command = {
  name: 'snapshot',
  group: 'Use',
  about: 'Save, list, restore, delete or prune snapshots of data',
  argument: { name: 'action', about: `what to do: ${actions.join(', ')}` },
  words: { name: 'words', about: 'ID of the environment, and the name of the snapshot', many: true },
  options: ['environment', 'into', 'keep', 'no-snapshot', 'yes', 'json', 'verbose', 'no-color'],
  typedOnly: ['environment', 'into', 'keep', 'yes'],
  examples: [
    'bai-dev snapshot save dev2109 before-the-migration',
    'bai-dev snapshot list',
    'bai-dev snapshot restore dev2109 before-the-migration',
    'bai-dev snapshot restore dev2109 --into other2109',
    'bai-dev snapshot delete dev2109 before-the-migration --yes',
    'bai-dev snapshot prune --keep 2',
  ],
  perform: async (world, call) => ({ command: 'snapshot', value: await perform(world, call) }),
};

async function perform(world: World, call: Call): Promise<SnapshotEnd> {
  const { wishes, defaults } = call;
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
  if (action !== 'prune' && wishes.keep !== undefined) {
    throw new Failure('BAI-USAGE', '--keep is of use only to snapshot prune.');
  }
  if (action === 'prune') {
    if (name !== undefined) throw new Failure('BAI-USAGE', 'snapshot prune takes an ID and no name.');
    const { pruneSnapshots } = await import('../operations/prune.ts');
    const wish = { keep: wishes.keep ?? 3, yes: wishes.yes ?? false, ...(said && { id: said }) };
    return { action, ...(await pruneSnapshots(world, wish)) };
  }
  const operations = await import('../operations/snapshot.ts');
  if (action === 'list') return { action, snapshots: await operations.snapshotRows(world, said) };
  const id = namedId(said, 'snapshot');
  const yes = wishes.yes ?? false;
  if (action === 'save') {
    return { action, snapshot: await operations.saveSnapshot(world, { id, ...(name && { name }) }) };
  }
  if (action === 'delete') {
    if (name === undefined) throw new Failure('BAI-USAGE', 'Which snapshot is to be deleted must be named.');
    return { action, snapshot: await operations.deleteSnapshot(world, { id, name, yes }) };
  }
  const { restoreSnapshot } = await import('../operations/restore.ts');
  const snapshot = !(wishes['no-snapshot'] ?? defaults['no-snapshot'] ?? false);
  const request = { id, into: wishes.into ?? id, yes, snapshot, ...(name && { name }) };
  return { action, ...(await restoreSnapshot(world, request)) };
}

/** With `-e` the only word is the name. */
function spoken({ wishes, words }: Call) {
  const [id, name, ...more] = wishes.environment === undefined ? words : [wishes.environment, ...words];
  if (more.length > 0) throw new Failure('BAI-USAGE', 'An ID and one name are all that is understood.');
  return { id: id === undefined ? undefined : parseId(id), name };
}
