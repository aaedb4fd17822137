// bai-dev install: what is wanted, from the command line and from whoever sits at the terminal.
import { resolve } from 'node:path';
import { parseId, randomId, type EnvironmentId } from '../environment/id.ts';
import { Failure } from '../failure.ts';
import type { InstallRequest, Wishes } from '../operations/request.ts';
import type { PortWish } from '../prechecks/draft.ts';
import type { World } from '../world.ts';
import type { Call, Command } from './command.ts';
import type { Values } from './settings.ts';
import { mockBranch, sourceWishes } from './sources.ts';
import { startWishes } from './start.ts';

export const installCommand: Command = {
  name: 'install',
  group: 'Make',
  about: 'make an environment, continue or repair one',
  argument: { name: 'id', about: 'name of the environment; made up if there is none' },
  options: [
    ...(['environment', 'release', 'python-version', 'engine', 'install-path', 'index'] as const),
    ...(['source', 'server-branch', 'client-branch', 'ref', 'repositories', 'repository'] as const),
    ...(['enable-cuda', 'enable-cuda-mock', 'cuda-branch'] as const),
    ...(['no-kernel-images', 'download-big-images'] as const),
    ...(['ports', 'postgres-port', 'redis-port', 'etcd-port', 'manager-port', 'webserver-port'] as const),
    ...([
      'agent-rpc-port',
      'agent-watcher-port',
      'start',
      'tmux',
      'yes',
      'dry-run',
      'json',
      'verbose',
      'no-color',
    ] as const),
  ],
  examples: [
    'bai-dev install -e dev2109',
    'bai-dev install -e dev2103 --release 21.03 --install-path ~/work/dev2103',
    'bai-dev install -e dev2109 --dry-run',
    'bai-dev install -e dev2103 --source git --source agent=pypi',
  ],
  async perform(world, call) {
    const request = await requestOf(world, call);
    const { install } = await import('../operations/install.ts');
    const value = await install(world, request);
    const wanted = call.wishes.start ?? call.defaults.start ?? false;
    if (!wanted || value.outcome === 'planned') return { command: 'install', value };
    const { start } = await import('../operations/start.ts');
    const started = await start(world, { id: request.id, ...startWishes(call) });
    return { command: 'install', value: { ...value, started } };
  },
};

/** Everything that was said, and on a terminal the answers to what was not. */
export async function requestOf(
  world: World,
  call: Pick<Call, 'wishes' | 'defaults'>,
): Promise<InstallRequest> {
  const { wishes, defaults } = call;
  const { portWish } = await import('./ports.ts'); // brings zod, which no help needs
  const yes = wishes.yes ?? defaults.yes ?? false;
  const asking = world.ask.available && !yes;
  const { id, made } = await chooseId(world, wishes.environment ?? defaults.environment, asking);
  const said = {
    id,
    randomId: made,
    wishes: wishesOf(wishes, portWish(wishes, 'BAI-USAGE')),
    defaults: wishesOf(defaults, portWish(defaults, 'BAI-CONFIG')),
    yes,
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
  const made = randomId(world.random);
  if (!asking) return { id: made, made: true };
  const check = (answer: string): true | string => complaint(() => parseId(answer));
  const id = parseId(await world.ask.text({ message: 'Name of the environment', initial: made, check }));
  return { id, made: id === made };
}

async function answers(world: World, request: InstallRequest): Promise<Partial<Wishes>> {
  const { openQuestions } = await import('../operations/questions.ts');
  const open = await openQuestions(world, request);
  const release =
    open.release && (await world.ask.choose({ message: 'Release of Backend.AI', ...open.release }));
  const folder =
    open.installPath && (await world.ask.text({ message: 'Folder', initial: open.installPath.initial }));
  const mock =
    open.mock &&
    (await world.ask.confirm({
      message: `${open.mock.reason}. Take GPUs that are made up instead?`,
      initial: true,
    }));
  const { home, cwd } = world.host;
  return {
    ...(release === undefined ? {} : { release }),
    ...(mock === true ? { accelerator: 'cuda-mock' } : {}),
    ...(folder === undefined ? {} : { installPath: resolve(cwd, folder.replace(/^~(?=\/|$)/, home)) }),
  };
}

function wishesOf(values: Values, ports: PortWish): Wishes {
  const { release, engine, index } = values;
  const sources = sourceWishes(values);
  const { 'install-path': installPath, 'python-version': pythonVersion } = values;
  return {
    ...(release === undefined ? {} : { release }),
    ...(installPath === undefined ? {} : { installPath }),
    ...(pythonVersion === undefined ? {} : { pythonVersion }),
    ...(engine === undefined ? {} : { engine }),
    ...(sources === undefined ? {} : { sources }),
    ...(index === undefined ? {} : { index }),
    ...acceleratorOf(values),
    ...kernelImagesOf(values),
    ports,
  };
}

/** The mock is a kind of CUDA: whoever asks for both gets it. A branch of the plugin asks for the plugin. */
function acceleratorOf(values: Values): Pick<Wishes, 'accelerator'> {
  const branch = values['cuda-branch'];
  if (values['enable-cuda-mock'] === true || branch === mockBranch) return { accelerator: 'cuda-mock' };
  return values['enable-cuda'] === true || branch !== undefined ? { accelerator: 'cuda' } : {};
}

function kernelImagesOf(values: Values): Pick<Wishes, 'kernelImages'> {
  if (values['download-big-images'] === true) return { kernelImages: 'big' };
  return values['no-kernel-images'] === true ? { kernelImages: 'none' } : {};
}

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
