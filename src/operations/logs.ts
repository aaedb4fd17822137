// What daemons and servers of an environment wrote, plainly, and what they write from now on.
import { stripVTControlCharacters } from 'node:util';
import { daemonsOf } from '../daemons/daemon.ts';
import { secretsMasked } from '../environment/masked.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import type { ServiceRole } from '../halfstack/engine.ts';
import { linesOf } from '../host/tail.ts';
import { forEnvironment, type World } from '../world.ts';
import { chosen, existingRecord } from './existing.ts';
import { makingOf } from './making.ts';

export interface LogsRequest {
  readonly id: string;
  /** A daemon or a service of the halfstack; all of them without. */
  readonly name?: string;
  /** How many of the lines that are there, of each. */
  readonly lines: number;
  /** Goes on until it is interrupted. */
  readonly follow: boolean;
}

export interface LogLine {
  readonly name: string;
  readonly line: string;
}

/**
 * Tells lines as they come: of one source after the other, and of all at once where they are followed. A source
 * that never wrote tells none. Being interrupted is how a follower ends.
 */
export async function logs(
  outer: World,
  request: LogsRequest,
  tell: (line: LogLine) => void,
): Promise<{ readonly lines: number }> {
  const world = forEnvironment(outer, request.id);
  const record = await existingRecord(world, request.id);
  const mask = secretsMasked(record.secrets);
  const sources = sourcesOf(world, record, request);
  const names = sources.map(({ name }) => name);
  const wanted = request.name === undefined ? names : chosen(names, [request.name], 'daemon or service');
  let count = 0;
  const drain = async ({ name, lines }: Source): Promise<void> => {
    for await (const line of lines()) {
      count += 1;
      tell({ name, line: mask(stripVTControlCharacters(line)) });
    }
  };
  const told = sources.filter(({ name }) => wanted.includes(name));
  if (request.follow) await Promise.all(told.map(drain));
  else for (const source of told) await drain(source);
  return { lines: count };
}

interface Source {
  readonly name: string;
  readonly lines: () => AsyncIterable<string>;
}

function sourcesOf(world: World, record: EnvironmentRecord, { lines, follow }: LogsRequest): Source[] {
  const { engine, stack } = makingOf(world, record);
  const wanted = { lines, follow, signal: world.signal };
  const roles: ServiceRole[] = stack.services.map(({ role }) => role);
  return [
    ...roles.map((role) => ({ name: role, lines: () => engine.logs(stack, role, wanted) })),
    ...daemonsOf(world.host, record.spec).map(({ name, log }) => ({
      name,
      lines: () => linesOf(log, wanted),
    })),
  ];
}
