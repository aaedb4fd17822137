// Named volumes: where the data of a halfstack lives.
import { ask, askFor, changeLimit, lookLimit, type Connection } from './client.ts';
import type { Labels } from './labels.ts';

/** The volume of that name; undefined if there is none. */
export async function findVolume(
  connection: Connection,
  name: string,
): Promise<{ readonly labels: Labels } | undefined> {
  const found = await askFor(connection, {
    doing: `look at volume ${name}`,
    limit: lookLimit,
    call: (client, abortSignal) => client.getVolume(name).inspect({ abortSignal }),
  });
  // an engine answers null for a volume without labels, whatever the types say
  return found === undefined ? undefined : { labels: { ...found.Labels } };
}

/** All volumes with their labels. */
export async function allVolumes(
  connection: Connection,
): Promise<readonly { readonly name: string; readonly labels: Labels }[]> {
  const { Volumes } = await ask(connection, {
    doing: 'list its volumes',
    limit: lookLimit,
    call: (client, abortSignal) => client.listVolumes({ abortSignal }),
  });
  // an engine without any answers null, whatever the types say
  return ((Volumes as typeof Volumes | null) ?? []).map(({ Name, Labels: labels }) => ({
    name: Name,
    labels: { ...labels },
  }));
}

/** Makes an empty volume; one of that name that is there already stays as it is. */
export async function createVolume(connection: Connection, name: string, labels: Labels): Promise<void> {
  await ask(connection, {
    doing: `make volume ${name}`,
    limit: changeLimit,
    call: (client, abortSignal) =>
      client.createVolume({
        _query: {},
        _body: { Name: name, Labels: labels },
        abortSignal,
      } as object),
  });
}

/** Removes a volume with everything in it; true if it was there. */
export async function removeVolume(connection: Connection, name: string): Promise<boolean> {
  const asked = await askFor(connection, {
    doing: `remove volume ${name}`,
    limit: changeLimit,
    call: async (client, abortSignal) => {
      await client.getVolume(name).remove({ abortSignal });
      return true;
    },
  });
  return asked ?? false;
}
