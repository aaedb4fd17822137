// What a native server needs to be started, and how the release's own arguments for its container are read.
import type { User } from '../../host/owner.ts';
import type { World } from '../../world.ts';
import type { Service, Stack } from '../engine.ts';
import type { Places } from './places.ts';
import type { ServerPlace } from './running.ts';

/** One server of one environment, with all that making and starting it takes. */
export interface Job {
  readonly world: World;
  readonly stack: Stack;
  readonly service: Service;
  readonly places: Places;
  readonly place: ServerPlace;
  readonly version: string;
  /** As whom PostgreSQL runs, if not as ourselves. */
  readonly user: User | undefined;
  readonly peerPort: number;
}

export interface Launch {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly user?: User;
}

/** A kind of server: its data is made once, its settings are written before every start. */
export interface NativeServer {
  /** Makes the data folder, whole or not at all; one that is there is not touched. */
  makeData(job: Job): Promise<void>;
  /** Removes what would keep it from starting although nothing of it lives. */
  unlock?(job: Job): Promise<void>;
  launch(job: Job): Promise<Launch>;
}

export const loopback = '127.0.0.1';

/** Takes away all variables of a server's own, by which a user's shell would change what it does. */
export function without({ host }: World, ...prefixes: readonly string[]): Record<string, undefined> {
  const names = Object.keys(host.variables).filter((name) =>
    prefixes.some((prefix) => name.startsWith(prefix)),
  );
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

/** Settings among a container's arguments: `-c name=value`, `--name=value` or `--name value`. */
export function settingsIn({ command = [] }: Pick<Service, 'command'>): [name: string, value: string][] {
  const found: [string, string][] = [];
  for (let at = 0; at < command.length; at += 1) {
    const word = command[at] ?? '';
    const text =
      word === '-c' || (word.startsWith('--') && !word.includes('=')) ? command[at + 1] : undefined;
    if (text !== undefined) at += 1;
    const setting = word === '-c' ? (text ?? '') : word.startsWith('--') ? word.slice(2) : '';
    const [, name, value] = /^([\w.-]+)(?:=(.*))?$/s.exec(setting) ?? [];
    if (name !== undefined) found.push([name, value ?? (word === '-c' ? '' : (text ?? ''))]);
  }
  return found;
}
