// Folders of containers as tar files: owners and modes are in them, and no container has to run for it.
import { readStream, writeCompressed } from '../host/stream.ts';
import { ask, type Connection } from './client.ts';

/** Milliseconds for one folder: a database of development is tens of megabytes, and disks are slow at times. */
const copyLimit = 600_000;

export interface FolderCopy {
  readonly container: string;
  /** Of a folder in the container. */
  readonly path: string;
  /** On this machine. */
  readonly file: string;
}

/** Writes a folder of a container into a new .tar.gz, in which all stands below the folder's own name. */
export async function saveFolder(
  connection: Connection,
  { container, path, file }: FolderCopy,
): Promise<void> {
  await ask(connection, {
    doing: `read ${path} of container ${container}`,
    limit: copyLimit,
    call: async (client, abortSignal) => {
      const stream = await client.getContainer(container).getArchive({ path, abortSignal });
      await writeCompressed(file, stream, abortSignal);
    },
  });
}

/** Unpacks a tar file, compressed or not, into a folder of a container. */
export async function fillFolder(
  connection: Connection,
  { container, path, file }: FolderCopy,
): Promise<void> {
  await ask(connection, {
    doing: `write ${path} of container ${container}`,
    limit: copyLimit,
    call: (client, abortSignal) =>
      client.getContainer(container).putArchive(readStream(file), { path, abortSignal }),
  });
}

/** Waits until a container ends by itself; gives its exit status. */
export async function exitOf(connection: Connection, container: string): Promise<number> {
  const ended = await ask(connection, {
    doing: `wait for container ${container}`,
    limit: copyLimit,
    call: (client, abortSignal) =>
      client.getContainer(container).wait({ abortSignal }) as Promise<{ StatusCode: number }>,
  });
  return ended.StatusCode;
}
