// What a file of this room says about its command, and what it is given when the command was typed.
import type { Result } from '../report/results.ts';
import type { World } from '../world.ts';
import type { OptionName } from './options.ts';
import type { Values } from './settings.ts';

/** The day's order, in which the help lists the commands. */
export type CommandGroup = 'Make' | 'Use' | 'Know';

export interface Call {
  /** Said on this command line. */
  readonly wishes: Values;
  /** Said by variables and the config file, for what is not wished. */
  readonly defaults: Values;
  /** The positional argument where it is no environment's ID. */
  readonly argument?: string;
}

export interface Command {
  readonly name: Result['command'];
  readonly group: CommandGroup;
  /** One line: what it does. */
  readonly about: string;
  /** `id` may be written as `-e` as well. */
  readonly argument?: { readonly name: 'id' | 'code'; readonly about: string; readonly required?: boolean };
  readonly options: readonly OptionName[];
  /** Options that neither a variable nor the config file can say. */
  readonly typedOnly?: readonly OptionName[];
  /** False for what must work while the config file is broken. */
  readonly readsConfig?: boolean;
  readonly examples: readonly string[];
  perform(world: World, call: Call): Promise<Result>;
}
