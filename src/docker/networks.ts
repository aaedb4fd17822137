// Networks: on which the containers of a halfstack see each other.
import { ask, askFor, changeLimit, lookLimit, type Connection } from './client.ts';
import type { Labels } from './labels.ts';

export interface NetworkFacts {
  readonly id: string;
  readonly labels: Labels;
}

/** The network of exactly that name; undefined if there is none. */
export async function findNetwork(connection: Connection, name: string): Promise<NetworkFacts | undefined> {
  const found = await askFor(connection, {
    doing: `look at network ${name}`,
    limit: lookLimit,
    call: (client) => client.getNetwork(name).inspect(),
  });
  // the engine also takes the beginning of an ID for a name
  return found?.Name === name ? { id: found.Id, labels: { ...found.Labels } } : undefined;
}

/** All networks with their labels. */
export async function allNetworks(
  connection: Connection,
): Promise<readonly { readonly name: string; readonly labels: Labels }[]> {
  const found = await ask(connection, {
    doing: 'list its networks',
    limit: lookLimit,
    call: (client, abortSignal) => client.listNetworks({ abortSignal } as object),
  });
  return found.map(({ Name, Labels: labels }) => ({ name: Name, labels: { ...labels } }));
}

/** Makes a network of that name, of which there is none yet. */
export async function createNetwork(connection: Connection, name: string, labels: Labels): Promise<void> {
  await ask(connection, {
    doing: `make network ${name}`,
    limit: changeLimit,
    call: (client, abortSignal) =>
      client.createNetwork({
        _query: {},
        // two networks may have one name: engines before 24 look out for that only when asked to
        _body: { Name: name, Driver: 'bridge', CheckDuplicate: true, Labels: labels },
        abortSignal,
      } as unknown as Parameters<typeof client.createNetwork>[0]),
  });
}

/** Removes a network; true if it was there. */
export async function removeNetwork(connection: Connection, name: string): Promise<boolean> {
  const asked = await askFor(connection, {
    doing: `remove network ${name}`,
    limit: changeLimit,
    call: async (client, abortSignal) => {
      await client.getNetwork(name).remove({ abortSignal });
      return true;
    },
  });
  return asked ?? false;
}
