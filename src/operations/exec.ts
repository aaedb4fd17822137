// Runs a command as a component's developer would: in its folder, with its virtualenv turned on.
import { join, resolve } from 'node:path';
import { virtualenvVariables } from '../daemons/daemon.ts';
import { clientVariables, type Account } from '../environment/client.ts';
import { treePath, virtualenvPath } from '../environment/names.ts';
import { Failure } from '../failure.ts';
import { kindOf, listFolder } from '../host/files.ts';
import { runInForeground, type Foreground, type NotStarted } from '../host/foreground.ts';
import { quoted } from '../quoted.ts';
import { forEnvironment, type World } from '../world.ts';
import { chosen, readyRecord } from './existing.ts';
import { assertWhole } from './missing.ts';
import { suggestion } from './nearest.ts';

export interface ExecRequest {
  readonly id: string;
  readonly component: string;
  /** A program and its arguments. */
  readonly command: readonly string[];
  /** E-mail of the example account that the client logs in as; the first one, an administrator, by default. */
  readonly account?: string;
  readonly handOver: Foreground['handOver'];
}

export interface ExecResult {
  /** The command's own exit status. */
  readonly exit: number;
}

/** The command has our terminal and gets our signals; what it ends with is what we end with. */
export async function exec(outer: World, request: ExecRequest): Promise<ExecResult> {
  const world = forEnvironment(outer, request.id);
  const record = await readyRecord(world, request.id);
  const { spec } = record;
  const { components, accounts } = spec.release;
  const [name = ''] = chosen(Object.keys(components), [request.component], 'component');
  const component = components[name];
  const [file, ...args] = request.command;
  if (component === undefined) throw new Error(`a component was chosen that is none: ${name}`);
  if (file === undefined) {
    throw new Failure('BAI-USAGE', 'bai-dev exec needs a command to run.', {
      next: [{ purpose: 'for example', command: `bai-dev exec ${request.id} ${name} -- python -V` }],
    });
  }
  const account = accountOf(accounts, request.account);
  const cwd = treePath(spec, component.tree);
  const virtualenv = virtualenvPath(spec, component.virtualenv);
  await assertWhole(record, [name]);
  const environment = {
    ...virtualenvVariables(world.host, virtualenv),
    ...(account === undefined ? {} : clientVariables(spec, account)),
  };
  // its own commands must not be taken for what a run of ours left behind
  const marks = Object.fromEntries(Object.entries(world.marks).filter(([mark]) => mark !== 'BAI_DEV_RUN'));
  const { handOver } = request;
  const exit = await runInForeground({ ...world, marks }, { file, args, cwd, environment, handOver });
  if (typeof exit === 'number') return { exit };
  throw await notStarted(exit, { id: request.id, component: name, file, cwd, bin: join(virtualenv, 'bin') });
}

/** The account of an e-mail, or of the part before the `@`; the first one if none is named. */
function accountOf(accounts: readonly Account[], named: string | undefined): Account | undefined {
  if (named === undefined) return accounts[0];
  const found = accounts.find(({ email }) => email === named || email.split('@')[0] === named);
  if (found !== undefined) return found;
  const emails = accounts.map(({ email }) => email);
  throw new Failure(
    'BAI-USAGE',
    `There is no account ${JSON.stringify(named)}.${suggestion(named, emails)} Choose one of ${emails.join(', ')}.`,
    { facts: { unknown: named, known: emails } },
  );
}

/** The exit codes are those of a shell. */
async function notStarted(
  why: NotStarted,
  known: { id: string; component: string; file: string; cwd: string; bin: string },
): Promise<Failure> {
  const { id, component, file, cwd, bin } = known;
  const paths = file.includes('/') ? [resolve(cwd, file)] : [join(bin, file)];
  const [path = file] = paths;
  if (why === 'not executable') {
    return new Failure('BAI-USAGE', `${file} is not executable.`, {
      exit: 126,
      next: [{ purpose: 'see its permissions', command: `ls -l ${quoted(path)}` }],
    });
  }
  if ((await kindOf(path)) !== undefined) {
    return new Failure(
      'BAI-USAGE',
      `${path} could not be run: the interpreter in its first line is missing.`,
      {
        exit: 127,
        next: [
          file.includes('/')
            ? { purpose: 'see its first line', command: `head -n 1 ${quoted(path)}` }
            : { purpose: 'repair the virtualenv', command: `bai-dev install -e ${id}` },
        ],
      },
    );
  }
  const commands = await listFolder(bin);
  return new Failure(
    'BAI-USAGE',
    file.includes('/')
      ? `There is no file ${path}.`
      : `There is no command ${JSON.stringify(file)} in the virtualenv of ${component} or on the PATH.${suggestion(file, commands)}`,
    {
      exit: 127,
      facts: { command: file },
      next: [{ purpose: "list the virtualenv's commands", command: `ls ${quoted(bin)}` }],
    },
  );
}
