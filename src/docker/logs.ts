// What a container writes, as lines: what is there, and what is added.
import type { LinesWanted } from '../host/tail.ts';
import { localBytes, tooLarge } from '../host/limits.ts';
import { askFor, lookLimit, type Connection } from './client.ts';

/** Both streams in order; none if there is no such container. Throws `BAI-ENGINE` when the engine does not answer. */
export async function* containerLines(
  connection: Connection,
  name: string,
  { lines, follow, signal }: LinesWanted,
): AsyncGenerator<string> {
  const options = { stdout: true, stderr: true, tail: lines, abortSignal: signal };
  const frames = await askFor<AsyncIterable<Buffer> | Buffer>(connection, {
    doing: `read the log of container ${name}`,
    limit: lookLimit,
    call: (client) => {
      const container = client.getContainer(name);
      return follow
        ? (container.logs({ ...options, follow: true }) as Promise<AsyncIterable<Buffer>>)
        : container.logs({ ...options, follow: false });
    },
  });
  if (frames === undefined) return;
  let rest = '';
  try {
    for await (const text of payloads(Buffer.isBuffer(frames) ? [frames] : frames)) {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) yield line.trimEnd();
    }
  } catch (error) {
    if (!signal.aborted) throw error; // whoever ends the following ends the stream in its middle
  }
  if (rest !== '') yield rest;
}

/** The last lines that a container wrote, without empty ones. */
export async function lastLines(
  connection: Connection,
  name: string,
  count: number,
): Promise<readonly string[]> {
  const lines: string[] = [];
  const wanted = { lines: count, follow: false, signal: connection.signal };
  for await (const line of containerLines(connection, name, wanted)) if (line !== '') lines.push(line);
  return lines;
}

/** The texts of an engine's frames: stream (1 byte), nothing (3), length (4) and that many bytes. */
export async function* payloads(chunks: Iterable<Buffer> | AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    held = Buffer.concat([held, chunk]);
    // the engine splits at 16 kB; a length beyond this is none of a frame
    if (held.length > localBytes) throw tooLarge(localBytes);
    for (let length; held.length >= 8 && held.length >= 8 + (length = held.readUInt32BE(4));) {
      yield decoder.decode(held.subarray(8, 8 + length), { stream: true });
      held = held.subarray(8 + length);
    }
  }
}
