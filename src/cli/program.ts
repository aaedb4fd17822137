// The grammar of the command line: commands, their options and their help. Loads nothing but the parser.
import { Command as Parser, CommanderError, Option } from 'commander';
import { isPart } from '../environment/id.ts';
import { Failure } from '../failure.ts';
import { cacheCommand } from './cache.ts';
import type { Command } from './command.ts';
import { deleteCommand } from './delete.ts';
import { describeCommand } from './describe.ts';
import { execCommand } from './exec.ts';
import { explainCommand } from './explain.ts';
import { guideCommand } from './guide.ts';
import { installCommand } from './install.ts';
import { listCommand } from './list.ts';
import { logsCommand } from './logs.ts';
import { optionNames, optionWords, type OptionName } from './options.ts';
import { releasesCommand } from './releases.ts';
import { resetCommand } from './reset.ts';
import { restartCommand } from './restart.ts';
import { snapshotCommand } from './snapshot.ts';
import { startCommand } from './start.ts';
import { statusCommand } from './status.ts';
import { stopCommand } from './stop.ts';
import { switchCommand } from './switch.ts';

export const commands: readonly Command[] = [
  installCommand,
  deleteCommand,
  resetCommand,
  listCommand,
  startCommand,
  stopCommand,
  switchCommand,
  restartCommand,
  statusCommand,
  logsCommand,
  guideCommand,
  describeCommand,
  snapshotCommand,
  execCommand,
  releasesCommand,
  cacheCommand,
  explainCommand,
];

/** The command that a word means; undefined if it means none. */
export const commandNamed = (word: string | undefined): Command | undefined =>
  commands.find(({ name, aliases = [] }) => name === word || aliases.some((alias) => alias === word));

/** Values as they were typed; a switch is `true`. */
export type Typed = Readonly<Partial<Record<OptionName, string>>>;

export type Parsed =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'call';
      readonly command: Command;
      readonly typed: Typed;
      /** The positional argument. */
      readonly argument?: string;
      /** What was typed after it. */
      readonly words: readonly string[];
    };

/** Understands a command line, or throws a `BAI-USAGE` that says what is wrong with it. */
export function parse(argv: readonly string[], about: { version: string; width: number }): Parsed {
  let text = '';
  let errors = '';
  let found: Parsed | undefined;
  const program = new Parser('bai-dev')
    .exitOverride()
    .configureOutput({
      writeOut: (part) => (text += part),
      writeErr: (part) => (errors += part),
      getOutHelpWidth: () => about.width,
      getErrHelpWidth: () => about.width,
    })
    .description('Makes, runs and removes Backend.AI development environments')
    .usage('<command> [options]')
    .version(about.version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help, or that of a command')
    .helpCommand(false)
    // their arguments and options are told by their own help
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText('after', topFooter);
  for (const command of commands) {
    addCommand(program, command, (call) => {
      found = call;
    });
  }
  const words = asOptions(argv);
  if (words.length === 0) return { kind: 'text', text: program.helpInformation() + topFooter + '\n' };
  try {
    program.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'text', text };
    throw usage(error, errors, words);
  }
  if (found === undefined) throw new Error('the parser ended without a command');
  return found;
}

/** `help`, `help COMMAND`, `COMMAND help`, `version` and `-v` as the options that they stand for. */
function asOptions(argv: readonly string[]): readonly string[] {
  const [first, second, ...more] = argv;
  if (first === 'help') {
    if (second === undefined) return ['--help'];
    // what is no command is complained of
    return commandNamed(second) === undefined ? [second] : [second, '--help'];
  }
  if (more.length > 0) return argv;
  if (second === 'help' && commandNamed(first) !== undefined) return [first ?? '', '--help'];
  return second === undefined && (first === 'version' || first === '-v') ? ['--version'] : argv;
}

const topFooter = `
Examples:
  bai-dev install -e dev2109 --start
  bai-dev delete -e dev2109

bai-dev <command> --help tells the options of a command.`;

function addCommand(program: Parser, command: Command, choose: (call: Parsed) => void): void {
  const parser = program
    .command(command.name)
    .aliases(command.aliases ?? [])
    .description(command.about)
    .helpGroup(`${command.group}:`)
    .addHelpOption(new Option('-h, --help', 'show this help').helpGroup('How:'))
    .addHelpText('after', footer(command));
  const { argument } = command;
  if (argument !== undefined) {
    parser.argument(argument.required === true ? `<${argument.name}>` : `[${argument.name}]`, argument.about);
  }
  const { words } = command;
  if (words !== undefined) parser.argument(`[${words.name}${words.many ? '...' : ''}]`, words.about);
  for (const name of optionNames.filter((each) => command.options.includes(each))) {
    const { short, value, about: usual, group, many, repeats } = optionWords(name);
    const about = command.meanings?.[name] ?? usual;
    const flags = [
      short,
      value === undefined ? `--${name}` : `--${name} <${value}${many === true ? '...' : ''}>`,
    ];
    const option = new Option(flags.filter(Boolean).join(', '), about).helpGroup(`${group}:`);
    parser.addOption(repeats === true ? option.argParser(onLines) : option);
  }
  parser.action(() => {
    const typed = typedOf(parser, command);
    const [positional, ...more] = sorted(command, parser.args, typed);
    choose({
      kind: 'call',
      command,
      typed,
      ...(positional === undefined ? {} : { argument: positional }),
      words: more.filter((word) => word !== undefined),
    });
  });
}

/** An option that was given again: its values are lines, as only a line's end cannot be part of one. */
const onLines = (value: string, before: string | undefined): string =>
  before === undefined ? value : `${before}\n${value}`;

/**
 * Where an ID may be left out or is given by `-e`, what stands there is no ID: `bai-dev restart manager` means the
 * manager of the environment in whose folder we stand.
 */
function sorted({ argument, words }: Command, args: readonly string[], typed: Typed): (string | undefined)[] {
  const [first] = args;
  const mayBeLeftOut = argument?.name === 'id' && words !== undefined && first !== undefined;
  const named = mayBeLeftOut && (isPart(first) || typed.environment !== undefined);
  return named ? [undefined, ...args] : [...args];
}

function typedOf(parser: Parser, command: Command): Typed {
  const typed: Partial<Record<OptionName, string>> = {};
  for (const option of parser.options) {
    const name = option.long?.slice(2) as OptionName;
    const key = option.attributeName();
    if (!command.options.includes(name) || parser.getOptionValueSource(key) !== 'cli') continue;
    const value: unknown = parser.getOptionValue(key);
    typed[name] = Array.isArray(value) ? value.join(' ') : typeof value === 'string' ? value : 'true';
  }
  return typed;
}

function footer({ examples, options }: Command): string {
  const told = examples.map((example) => `  ${example}`).join('\n');
  return `\nExamples:\n${told}${options.includes('install-path') ? elsewhere : ''}`;
}

const elsewhere = `

Options are also variables and keys of ~/.config/bai-dev/config.yaml:
--install-path is BAI_DEV_INSTALL_PATH and install-path. Flags come before
variables, and variables before the file.`;

/** Commander's sentence as ours: no prefix, a capital, a full stop. */
function usage(error: CommanderError, errors: string, argv: readonly string[]): Failure {
  const [first = '', ...more] = (errors.trim() === '' ? error.message : errors.trim()).split('\n');
  const sentence = first
    .replace(/^error: /, '')
    .replaceAll("'", '"')
    .replace(/\.?$/, '.');
  const hint = more
    .map((line) => /^\(Did you mean (.*)\?\)$/.exec(line)?.[1])
    .filter((meant) => meant !== undefined)
    .map((meant) => ` Did you mean ${meant}?`)
    .join('');
  const known = commandNamed(argv[0]);
  return new Failure('BAI-USAGE', sentence.charAt(0).toUpperCase() + sentence.slice(1) + hint, {
    next: [
      {
        purpose: 'see what there is',
        command: known === undefined ? 'bai-dev --help' : `bai-dev ${known.name} --help`,
      },
    ],
  });
}
