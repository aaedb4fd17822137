// What a file of this room says about its command, and what it is given when the command was typed.
import type { Result } from '../report/results.ts';
import type { World } from '../world.ts';
import type { OptionName } from './options.ts';
import type { Values } from './settings.ts';

/** The day's order, in which the help lists the commands. */
export type CommandGroup = 'Make' | 'Run' | 'Use' | 'Know';

/** What few commands need of the terminal besides questions and events. */
export interface Terminal {
  /** Writes a line to stdout; false once nobody reads there any more. */
  readonly print: (line: string) => boolean;
  /** Has every signal from now on given to `listen` instead of ending us. */
  readonly handOver: (listen: (signal: NodeJS.Signals) => void) => void;
}

export interface Call {
  /** Said on this command line. */
  readonly wishes: Values;
  /** Said by variables and the config file, for what is not wished. */
  readonly defaults: Values;
  /** The positional argument where it is no environment's ID. */
  readonly argument?: string;
  /** What was typed after it. */
  readonly words: readonly string[];
  readonly terminal: Terminal;
  /** How the user has to call bai-dev from here, e.g. `npx bai-dev`. */
  readonly invocation: string;
}

export interface Command {
  readonly name: Result['command'];
  /** Other words for it. */
  readonly aliases?: readonly string[];
  readonly group: CommandGroup;
  /** One line: what it does. */
  readonly about: string;
  /** `id` may be written as `-e` as well. */
  readonly argument?: {
    readonly name: 'id' | 'code' | 'action';
    readonly about: string;
    readonly required?: boolean;
  };
  /** What may follow it: names, or a command with its own options after `--`. Told apart from an ID by what it is. */
  readonly words?: { readonly name: string; readonly about: string; readonly many: boolean };
  readonly options: readonly OptionName[];
  /** What options mean here, where the general words say too little. */
  readonly meanings?: Readonly<Partial<Record<OptionName, string>>>;
  /** Options that neither a variable nor the config file can say. */
  readonly typedOnly?: readonly OptionName[];
  /** False for what must work while the config file is broken. */
  readonly readsConfig?: boolean;
  readonly examples: readonly string[];
  perform(world: World, call: Call): Promise<Result>;
}
