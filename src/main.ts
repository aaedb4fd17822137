// From words to an exit status: makes the world, lets the command do its work, and catches whatever comes of it.
import type { Call, Terminal } from './cli/command.ts';
import { completedEvent, type CommandLine } from './cli/again.ts';
import { asError, factsOf, interruption } from './cli/ending.ts';
import type { Input } from './cli/input.ts';
import { invocationOf } from './cli/invocation.ts';
import { commandNamed, commands, parse } from './cli/program.ts';
import { withoutUrlCredentials } from './credentials.ts';
import { defined } from './defined.ts';
import { Failure } from './failure.ts';
import type { Event } from './report/events.ts';
import { rewriteTo, type Rewrite } from './report/invocation.ts';
import type { LogFile } from './report/logfile.ts';
import type { Output } from './report/output.ts';
import type { Result } from './report/results.ts';
import type { Ask, Host, World } from './world.ts';

/** Runs one command line to its end; gives the exit status. Never throws. */
export async function main(input: Input): Promise<number> {
  const run: Run = { command: commandOf(input.argv), output: undefined, log: undefined };
  try {
    const parsed = parse(input.argv, { version: input.version, width: input.stdout.columns || 80 });
    if (parsed.kind === 'text') {
      input.stdout.write((await rewriteFor(input))(parsed.text));
      return 0;
    }
    run.commandLine = parsed;
    const result = await perform(input, parsed, run);
    const output = run.output ?? (await outputOf(input, shownAs(input)));
    output.end({ ok: true, result }, {});
    return exitOf(result);
  } catch (error) {
    const output = run.output ?? (await outputOf(input, shownAs(input)));
    const thrown = error instanceof Failure ? undefined : asError(error).stack;
    const stack = thrown === undefined ? undefined : withoutUrlCredentials(thrown);
    const failure = factsOf(error, {
      ...{ ...input, command: run.command, log: run.log?.path() },
      ...defined({ commandLine: run.commandLine }),
    });
    run.log?.note([`${failure.code}: ${failure.reason}`, ...(stack?.split('\n') ?? [])]);
    const line = run.log?.failureLine();
    output.end(
      { ok: false, command: run.command, failure },
      { ...(line === undefined ? {} : { line }), ...(stack === undefined ? {} : { stack }) },
    );
    return failure.exit;
  } finally {
    run.log?.close();
  }
}

/** What is known of a run, for whoever has to tell its end. */
interface Run {
  readonly command: string;
  id?: string;
  commandLine?: CommandLine;
  output: Output | undefined;
  log: LogFile | undefined;
}

/** Also of a command line that is wrong in some other way. */
const commandOf = ([first]: readonly string[]): string => commandNamed(first)?.name ?? '';

async function perform(
  input: Input,
  { command, typed, argument, words }: CommandLine,
  run: Run,
): Promise<Result> {
  await import('./cli/checking.ts');
  const [{ randomBytes }, { hostOf }, { readSettings }, { logFile }, { openAppender }] = await Promise.all([
    import('node:crypto'),
    import('./cli/host.ts'),
    import('./cli/settings.ts'),
    import('./report/logfile.ts'),
    import('./host/append.ts'),
  ]);
  const host = hostOf(input);
  const takesId = command.argument?.name === 'id';
  const settings = await readSettings(host, takesId ? withPositional(typed, argument) : typed, {
    variables: command.options.filter((name) => !(command.typedOnly ?? []).includes(name)),
    readsConfig: command.readsConfig ?? true,
  });
  const call: Call = {
    ...settings,
    ...(takesId || argument === undefined ? {} : { argument }),
    words,
    terminal: terminalOf(input),
    invocation: await invocationOf(input),
  };
  const said = { ...settings.defaults, ...settings.wishes };
  const shown: Shown = {
    json: said.json ?? false,
    verbose: said.verbose ?? false,
    noColor: said['no-color'] ?? false,
  };
  const now = (): Date => new Date();
  const output = await outputOf(input, shown, host);
  const log = logFile({ home: host.home, now, open: openAppender });
  run.output = output;
  run.log = log;

  const controller = new AbortController();
  const crash = new Promise<never>((_resolve, reject) => {
    const end = (): void => {
      const reason: unknown = input.ended.reason;
      const why =
        typeof reason === 'string' ? interruption(reason as NodeJS.Signals, input.argv, run.id) : reason;
      controller.abort(why);
      // an interrupted operation ends by itself and in order; one that lost its error never would
      if (!(why instanceof Failure)) reject(asError(why));
    };
    if (input.ended.aborted) end();
    else input.ended.addEventListener('abort', end, { once: true });
  });
  const emit = (happened: Event): void => {
    const event = completedEvent(happened, run.commandLine);
    if (event.kind === 'environment') run.id = event.id;
    log.emit(event);
    output.emit(event);
  };
  const world: World = {
    host,
    report: { emit },
    ask: await askOf(input, { shown, output, signal: controller.signal }),
    signal: controller.signal,
    now,
    random: (n) => randomBytes(n).toString('hex'),
    marks: { BAI_DEV_RUN: randomBytes(8).toString('hex') },
  };
  try {
    return await Promise.race([command.perform(world, call), crash]);
  } catch (error) {
    // whatever an interruption made of the work, it is what ended it
    if (!controller.signal.aborted || error === controller.signal.reason) throw error;
    log.note([asError(error).message]);
    throw asError(controller.signal.reason);
  }
}

function terminalOf(input: Input): Terminal {
  const { stdout } = input;
  return {
    print: (line) => {
      if (stdout.writable) stdout.write(`${line}\n`);
      return stdout.writable;
    },
    handOver: (listen) => input.handOver(listen),
  };
}

/** What runs in our place ends as it likes, and so do we. */
const exitOf = (result: Result): number =>
  result.command === 'exec' || result.command === 'logs' ? result.value.exit : 0;

/** An ID may be positional or `-e`; said twice it must be the same. */
function withPositional(typed: CommandLine['typed'], argument: string | undefined): CommandLine['typed'] {
  if (argument === undefined) return typed;
  if (typed.environment !== undefined && typed.environment !== argument) {
    throw new Failure(
      'BAI-USAGE',
      `Two environments are named: ${argument}, and ${typed.environment} by --environment.`,
    );
  }
  return { ...typed, environment: argument };
}

interface Shown {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly noColor: boolean;
}

/** Before the settings are read, or when they cannot be: what is plainly said. */
function shownAs({ argv, variables }: Input): Shown {
  const says = (flag: string, variable: string): boolean =>
    argv.includes(flag) || /^(true|yes|on|1)$/i.test(variables[variable] ?? '');
  return {
    json: says('--json', 'BAI_DEV_JSON'),
    verbose: says('--verbose', 'BAI_DEV_VERBOSE'),
    noColor: says('--no-color', 'BAI_DEV_NO_COLOR'),
  };
}

async function outputOf(input: Input, shown: Shown, host?: Host): Promise<Output> {
  const [{ chooseOutput }, rewrite] = await Promise.all([import('./report/choose.ts'), rewriteFor(input)]);
  const home = host?.home ?? input.variables['HOME'] ?? '';
  return chooseOutput({ ...input, ...shown, home, rewrite });
}

async function rewriteFor(input: Input): Promise<Rewrite> {
  return rewriteTo(
    await invocationOf(input),
    commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]),
  );
}

/** A person is there only where both ends of the talk are a terminal. */
async function askOf(
  { stdin, stderr, variables }: Input,
  { shown, output, signal }: { shown: Shown; output: Output; signal: AbortSignal },
): Promise<Ask> {
  const { noAsk, terminalAsk } = await import('./cli/ask.ts');
  const { isSet } = await import('./report/style.ts');
  if (!stdin.isTTY || !stderr.isTTY || shown.json || isSet(variables['CI'])) return noAsk;
  return terminalAsk({ stdin, stderr, signal, pause: () => output.pause(), resume: () => output.resume() });
}
