// Runs a command as a component's developer would: in its folder, with its virtualenv turned on.
import { virtualenvVariables } from '../daemons/daemon.ts';
import { treePath, virtualenvPath } from '../environment/names.ts';
import { Failure } from '../failure.ts';
import { kindOf } from '../host/files.ts';
import { runInForeground, type Foreground } from '../host/foreground.ts';
import { forEnvironment, type World } from '../world.ts';
import { chosen, readyRecord } from './existing.ts';

export interface ExecRequest {
  readonly id: string;
  readonly component: string;
  /** A program and its arguments. */
  readonly command: readonly string[];
  readonly handOver: Foreground['handOver'];
}

export interface ExecResult {
  /** The command's own exit status. */
  readonly exit: number;
}

/** The command has our terminal and gets our signals; what it ends with is what we end with. */
export async function exec(outer: World, request: ExecRequest): Promise<ExecResult> {
  const world = forEnvironment(outer, request.id);
  const { spec } = await readyRecord(world, request.id);
  const { components } = spec.release;
  const [name = ''] = chosen(Object.keys(components), [request.component], 'component');
  const component = components[name];
  const [file, ...args] = request.command;
  if (component === undefined) throw new Error(`a component was chosen that is none: ${name}`);
  if (file === undefined) {
    throw new Failure('BAI-USAGE', 'bai-dev exec needs a command to run.', {
      next: [{ purpose: 'for example', command: `bai-dev exec ${request.id} ${name} -- python -V` }],
    });
  }
  const cwd = treePath(spec, component.tree);
  const virtualenv = virtualenvPath(spec, component.virtualenv);
  for (const path of [cwd, virtualenv]) {
    if ((await kindOf(path)) !== undefined) continue;
    throw new Failure('BAI-CONFLICT-PHASE', `${path} of ${request.id} is gone.`, {
      next: [{ purpose: 'make it again', command: `bai-dev install -e ${request.id}` }],
    });
  }
  const environment = virtualenvVariables(world.host, virtualenv);
  // its own commands must not be taken for what a run of ours left behind
  const marks = Object.fromEntries(Object.entries(world.marks).filter(([mark]) => mark !== 'BAI_DEV_RUN'));
  const { handOver } = request;
  const exit = await runInForeground({ ...world, marks }, { file, args, cwd, environment, handOver });
  return { exit };
}
