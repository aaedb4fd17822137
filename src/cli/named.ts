// Which environment is meant, for commands that need one that exists.
import { dirname } from 'node:path';
import { parseId, type EnvironmentId } from '../environment/id.ts';
import { Failure } from '../failure.ts';
import type { Host, World } from '../world.ts';
import type { Call, Command } from './command.ts';

/** The ID, or a `BAI-USAGE` that says how to name one. */
export function namedId(id: EnvironmentId | undefined, command: Command['name']): EnvironmentId {
  if (id !== undefined) return id;
  throw new Failure('BAI-USAGE', `bai-dev ${command} needs the ID of an environment.`, {
    next: [{ purpose: 'for example', command: `bai-dev ${command} -e dev2109` }],
  });
}

/**
 * The environment that is meant: named, else the one in whose folder we stand, else the configured one, else the
 * only one there is, which is then said. `BAI-USAGE` lists the choices where none of that tells.
 */
export async function meantId(
  { host, report }: Pick<World, 'host' | 'report'>,
  { wishes, defaults }: Pick<Call, 'wishes' | 'defaults'>,
  command: Command['name'],
): Promise<EnvironmentId> {
  const said = wishes.environment ?? (await environmentHere(host)) ?? defaults.environment;
  if (said !== undefined) return said;
  const { listIds } = await import('../environment/store.ts');
  const [only, ...others] = await listIds(host);
  if (only === undefined) return namedId(undefined, command);
  if (others.length === 0) {
    report.emit({ kind: 'note', severity: 'note', message: `Environment: ${only} (the only one)` });
    return parseId(only);
  }
  throw new Failure(
    'BAI-USAGE',
    `bai-dev ${command} needs the ID of an environment: there are ${[only, ...others].join(', ')}.`,
    { next: [{ purpose: 'for example', command: `bai-dev ${command} ${only}` }] },
  );
}

/** Daemons named after the ID or by `--only`; undefined if none is. */
export function namedDaemons({
  words,
  wishes,
}: Pick<Call, 'words' | 'wishes'>): readonly string[] | undefined {
  const names = [...words, ...(wishes.only ?? [])];
  return names.length === 0 ? undefined : names;
}

/**
 * The ID in the `.bai-dev` file of the folder we stand in, or of one above it. `BAI-USAGE` where that is another's: an
 * environment of the same ID may be here, and is not meant.
 */
export async function environmentHere(host: Host): Promise<EnvironmentId | undefined> {
  const { readMarker } = await import('../environment/marker.ts');
  for (let folder = host.cwd; ; folder = dirname(folder)) {
    const marker = await readMarker(folder);
    if (marker !== undefined) {
      const { id, owner, uid } = marker;
      if (uid === host.user.uid && [undefined, host.owner].includes(owner)) return parseId(id);
      throw new Failure(
        'BAI-USAGE',
        `${folder} is of an environment ${id} of another user or another state folder.`,
        { facts: { path: folder }, next: [{ purpose: 'name one of your own', command: 'bai-dev list' }] },
      );
    }
    if (folder === dirname(folder)) return undefined;
  }
}
