// The disk of an engine: where it lies on this machine, and what of it is free.
import { diskOf } from '../host/room.ts';
import { ask, lookLimit, type Connection } from './client.ts';

/** Bytes that are free where an engine of this machine keeps its data; undefined if it does not say where that is. */
export async function freeOf(connection: Connection): Promise<number | undefined> {
  const said = await ask(connection, {
    doing: 'say where its data lie',
    limit: lookLimit,
    call: (client) => client.info() as Promise<{ DockerRootDir?: string }>,
  }).catch(() => undefined);
  const { DockerRootDir: folder = '' } = said ?? {};
  return folder === '' ? undefined : (await diskOf(folder)).free;
}
