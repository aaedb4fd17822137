// bai-dev install: what is wanted, from the command line and from whoever sits at the terminal.
import { resolve } from 'node:path';
import { parseId, randomId, type EnvironmentId } from '../environment/id.ts';
import { Failure } from '../failure.ts';
import type { InstallRequest, Wishes } from '../operations/request.ts';
import { quoted } from '../quoted.ts';
import type { World } from '../world.ts';
import type { Call, Command } from './command.ts';
import { startWishes } from './start.ts';

export const installCommand: Command = {
  name: 'install',
  group: 'Make',
  about: 'make an environment, continue or repair one',
  argument: { name: 'id', about: 'Environment ID (default: a generated one)' },
  options: [
    ...(['environment', 'release', 'python-version', 'engine', 'install-path', 'index'] as const),
    ...(['source', 'server-branch', 'client-branch', 'ref', 'repositories', 'repository'] as const),
    ...(['enable-cuda', 'enable-cuda-mock', 'no-cuda', 'cuda-branch'] as const),
    ...(['no-kernel-images', 'download-big-images'] as const),
    ...(['ports', 'postgres-port', 'redis-port', 'etcd-port', 'manager-port', 'webserver-port'] as const),
    ...([
      'agent-rpc-port',
      'agent-watcher-port',
      'start',
      'tmux',
      'change',
      'adopt-data',
      'no-snapshot',
      'yes',
      'dry-run',
      'json',
      'verbose',
      'no-color',
    ] as const),
  ],
  // these are said of one environment at one time
  typedOnly: ['change', 'adopt-data'],
  meanings: { 'no-snapshot': 'with --change: do not save the data first' },
  examples: [
    'bai-dev install -e dev2109',
    'bai-dev install -e dev2103 --release 21.03 --install-path ~/work/dev2103',
    'bai-dev install -e dev2109 --dry-run',
    'bai-dev install -e dev2103 --source git --source agent=pypi',
    'bai-dev install -e dev2103 --change --ref manager=topic/mine',
  ],
  async perform(world, call) {
    const request = await requestOf(world, call);
    const { install } = await import('../operations/install.ts');
    const value = await install(world, request);
    if (value.outcome === 'made') adviseInstallation(world, call);
    const wanted = call.wishes.start ?? call.defaults.start ?? false;
    if (!wanted || value.outcome === 'planned') return { command: 'install', value };
    const { start } = await import('../operations/start.ts');
    const started = await start(world, { id: request.id, ...startWishes(call) });
    return { command: 'install', value: { ...value, started } };
  },
};

/** The first environment is made by npx or by a path; every later command is shorter with the name in PATH. */
function adviseInstallation({ host, report }: World, { invocation }: Call): void {
  if (invocation === 'bai-dev') return;
  const message = `To run bai-dev by its name from any folder: npm install --global ${quoted(resolve(host.assets))}`;
  report.emit({ kind: 'note', severity: 'note', message });
}

/** Everything that was said, and on a terminal the answers to what was not. */
export async function requestOf(
  world: World,
  call: Pick<Call, 'wishes' | 'defaults'>,
): Promise<InstallRequest> {
  const { wishes, defaults } = call;
  const { wishesOf } = await import('./wishes.ts'); // brings zod and more, which no help needs
  const yes = wishes.yes ?? defaults.yes ?? false;
  const asking = world.ask.available && !yes;
  const { id, made } = await chooseId(world, wishes.environment ?? defaults.environment, asking);
  const said = {
    id,
    randomId: made,
    wishes: wishesOf(wishes, 'BAI-USAGE'),
    defaults: wishesOf(defaults, 'BAI-CONFIG'),
    yes,
    change: wishes.change ?? false,
    adopt: wishes['adopt-data'] ?? false,
    ...((wishes['no-snapshot'] ?? defaults['no-snapshot']) === true ? { snapshot: false } : {}),
    dryRun: wishes['dry-run'] ?? defaults['dry-run'] ?? false,
  };
  return asking ? { ...said, wishes: { ...said.wishes, ...(await answers(world, said)) } } : said;
}

async function chooseId(
  world: World,
  said: EnvironmentId | undefined,
  asking: boolean,
): Promise<{ id: EnvironmentId; made: boolean }> {
  if (said !== undefined) return { id: said, made: false };
  const { listIds } = await import('../environment/store.ts');
  const taken = await listIds(world.host);
  let made = randomId(world.random);
  while (taken.includes(made)) made = randomId(world.random);
  if (!asking) return { id: made, made: true };
  const check = (answer: string): true | string => complaint(() => parseId(answer));
  const id = parseId(await world.ask.text({ message: 'Name of the environment', initial: made, check }));
  return { id, made: id === made };
}

async function answers(world: World, request: InstallRequest): Promise<Partial<Wishes>> {
  const { openQuestions } = await import('../operations/questions.ts');
  const open = await openQuestions(world, request);
  const release =
    open.release && (await world.ask.choose({ message: releaseQuestion(open.release), ...open.release }));
  const mock =
    open.mock &&
    (await world.ask.confirm({
      message: `${open.mock.reason}. Use mock GPUs instead?`,
      initial: true,
    }));
  return {
    ...(release === undefined ? {} : { release }),
    ...(mock === true ? { accelerator: 'cuda-mock' } : {}),
  };
}

const releaseQuestion = ({ unknown }: { readonly unknown?: string }): string =>
  `Release of Backend.AI${unknown === undefined ? '' : ` (${unknown} is not in the catalogue)`}`;

/** What is wrong with an answer, or true. */
function complaint(parse: () => unknown): true | string {
  try {
    parse();
    return true;
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}
