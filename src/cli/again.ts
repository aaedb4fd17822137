// Completes the commands that a failure or a finding proposes with what was typed, so that none of it is lost.
import type { NextCommand } from '../failure.ts';
import { credentialsPlaceholder, dataWithoutCredentials, wordWithoutCredentials } from '../credentials.ts';
import { quoted, wordsOf } from '../quoted.ts';
import type { Event } from '../report/events.ts';
import { optionNames, options, optionWords, type OptionName } from './options.ts';
import { commandNamed, parse, type Parsed, type Typed } from './program.ts';

/** A command line that was understood. */
export type CommandLine = Extract<Parsed, { kind: 'call' }>;

/**
 * What to propose to whoever typed `commandLine`. A command of the same name about the same environment, or about a
 * new one, keeps the options that were typed; the options that it names itself win. Credentials of URLs are replaced
 * by `USER:PASSWORD`. Without one, as after a command line with a mistake, only the latter is done.
 */
export function completed(next: NextCommand, commandLine: CommandLine | undefined): NextCommand {
  const { purpose, command } = next;
  const [program, ...argv] = wordsOf(command) ?? [];
  const proposed = commandLine !== undefined && program === 'bai-dev' ? understood(argv) : undefined;
  const merged = commandLine && proposed && merge(commandLine, proposed, next);
  return proposal(purpose, merged === undefined ? wordWithoutCredentials(command) : spelled(merged));
}

/** An event whose commands are complete, and in which no URL has credentials. */
export function completedEvent(event: Event, commandLine: CommandLine | undefined): Event {
  const plain = dataWithoutCredentials(event);
  if (event.kind !== 'prechecks' || plain.kind !== 'prechecks') return plain;
  const findings = plain.findings.map((finding, at) => {
    const next = event.findings[at]?.next;
    return next === undefined
      ? finding
      : { ...finding, next: next.map((one) => completed(one, commandLine)) };
  });
  return { ...plain, findings };
}

/** A command that lacks its credentials says so. */
export function proposal(purpose: string, command: string): NextCommand {
  const isWhole = !command.includes(`${credentialsPlaceholder}@`) || purpose.includes(credentialsPlaceholder);
  return { purpose: isWhole ? purpose : `${purpose}, with yours for ${credentialsPlaceholder}`, command };
}

/** Words as a shell reads them back, without the credentials of URLs. */
export const spelled = (words: readonly string[]): string =>
  words.map((word) => quoted(wordWithoutCredentials(word))).join(' ');

function understood(argv: readonly string[]): CommandLine | undefined {
  try {
    const parsed = parse(argv, { version: '', width: 80 });
    return parsed.kind === 'call' ? parsed : undefined;
  } catch {
    return undefined; // it holds placeholders, as `bai-dev install -e …`
  }
}

function merge(
  typed: CommandLine,
  proposed: CommandLine,
  { keeps = 'all', without = [] }: NextCommand,
): readonly string[] | undefined {
  const { command } = proposed;
  if (command.name === 'exec') return undefined; // what follows `--` is not ours
  const [mine, [theirs]] = [idsOf(typed), idsOf(proposed)];
  const isNew = theirs !== undefined && /^[A-Z]/.test(theirs);
  const isSame =
    command.name === typed.command.name &&
    // `snapshot list` takes none of the options of `snapshot restore`
    (command.argument?.name !== 'action' || proposed.argument === typed.argument) &&
    (theirs === undefined || mine.length === 0 || mine.includes(theirs) || isNew);
  const carried = optionNames.filter(
    (name) =>
      typed.typed[name] !== undefined &&
      command.options.includes(name) &&
      !uncarried.has(name) &&
      !without.includes(name) &&
      !(isNew && name === 'change') &&
      (isSame ? keeps === 'all' || options[name].group === 'How' : elsewhere.has(name)) &&
      !rivalsOf(name).some((rival) => proposed.typed[rival] !== undefined),
  );
  if (carried.length === 0 && (theirs !== undefined || !isSame)) return undefined;
  const values: Typed = {
    ...(isSame && theirs === undefined && typed.typed.environment !== undefined
      ? { environment: typed.typed.environment }
      : {}),
    ...Object.fromEntries(carried.map((name) => [name, typed.typed[name]])),
    ...proposed.typed,
    ...linesByComponent(typed, proposed, carried),
  };
  const source = isSame && theirs === undefined && proposed.argument === undefined ? typed : proposed;
  return ['bai-dev', command.name, ...positionals(source), ...optionsOf(values)];
}

/**
 * The ID is chosen apart from the rest, how the output looks changes nothing of what is done, and consent to one plan
 * is not consent to another.
 */
const uncarried: ReadonlySet<OptionName> = new Set([
  'environment',
  'yes',
  'json',
  'verbose',
  'no-color',
] as const);

/** Options that also mean something for another command: an install that starts, and the start that follows. */
const elsewhere: ReadonlySet<OptionName> = new Set(['tmux', 'timeout'] as const);

/** Options of which a command may have one only. */
const rivals: readonly (readonly OptionName[])[] = [
  ['enable-cuda', 'enable-cuda-mock', 'no-cuda', 'cuda-branch'],
  ['no-kernel-images', 'download-big-images'],
  ['halfstack-only', 'only'],
  ['environment', 'all'],
];

const rivalsOf = (name: OptionName): readonly OptionName[] =>
  rivals.filter((group) => group.includes(name)).flat();

/** `--ref agent=x` replaces what was typed for the agent, and nothing else of `--ref`. */
function linesByComponent(typed: CommandLine, proposed: CommandLine, carried: readonly OptionName[]): Typed {
  const both = carried.filter(
    (name) => optionWords(name).repeats === true && proposed.typed[name] !== undefined,
  );
  return Object.fromEntries(
    both.map((name) => {
      const lines = [typed, proposed].flatMap((one) => one.typed[name]?.split('\n') ?? []);
      const byComponent = new Map(lines.map((line) => [/^([^=:/]+)=/.exec(line)?.[1] ?? '', line]));
      return [name, [...byComponent.values()].join('\n')];
    }),
  );
}

/** IDs may be positional or `-e`, and delete takes several. */
function idsOf({ command, argument, words, typed }: CommandLine): readonly string[] {
  return [
    typed.environment,
    ...(command.argument?.name === 'id' ? [argument] : []),
    ...(command.words?.name === 'ids' ? words : []),
  ].filter((id) => id !== undefined);
}

function positionals({ argument, words }: CommandLine): readonly string[] {
  return argument === undefined ? words : [argument, ...words];
}

function optionsOf(typed: Typed): string[] {
  return optionNames.flatMap((name) => {
    const text = typed[name];
    if (text === undefined) return [];
    const { short, value, many, repeats } = optionWords(name);
    const flag = name === 'environment' ? (short ?? '') : `--${name}`;
    if (value === undefined) return [flag];
    if (many === true) return [flag, ...text.split(' ')];
    const values = repeats === true ? text.split('\n') : [text];
    return values.flatMap((each) => (each.startsWith('-') ? [`${flag}=${each}`] : [flag, each]));
  });
}

/** The command line with one more option, which stands before what belongs to another program. */
export function withOption(argv: readonly string[], option: string): readonly string[] {
  const at = commandNamed(argv[0])?.words === undefined ? -1 : argv.indexOf('--');
  return at === -1 ? [...argv, option] : [...argv.slice(0, at), option, ...argv.slice(at)];
}
