// Images: which are there, and pulling those that are not.
import * as z from 'zod';
import { Failure } from '../failure.ts';
import {
  ask,
  askFor,
  changeLimit,
  engineFailure,
  lookLimit,
  refusalOf,
  request,
  statusOf,
  type Connection,
} from './client.ts';
import { tooLarge } from '../host/limits.ts';
import type { Labels } from './labels.ts';

export interface ImageFacts {
  readonly id: string;
  readonly bytes: number;
}

/** The image of that name; undefined if it is not there. */
export async function findImage(connection: Connection, name: string): Promise<ImageFacts | undefined> {
  const found = await askFor(connection, {
    doing: `look at image ${name}`,
    limit: lookLimit,
    call: (client, abortSignal) => client.getImage(name).inspect({ abortSignal } as object),
  });
  return found === undefined ? undefined : { id: found.Id, bytes: found.Size };
}

/** An image with a name that somebody gave it. */
export interface NamedImage extends ImageFacts {
  readonly name: string;
  readonly labels: Labels;
}

/** Every image that has a label, once for each of its names. */
export function imagesLabelled(connection: Connection, label: string): Promise<readonly NamedImage[]> {
  return namedImages(connection, { label: [label] });
}

/** The names of all images. */
export async function imageNames(connection: Connection): Promise<readonly string[]> {
  return (await namedImages(connection, {})).map(({ name }) => name);
}

/** Takes a name away, and the image with its last one; true if it was there. */
export async function removeImage(connection: Connection, name: string): Promise<boolean> {
  const asked = await askFor(connection, {
    doing: `remove image ${name}`,
    limit: changeLimit,
    call: async (client, abortSignal) => {
      await client.getImage(name).remove({ abortSignal });
      return true;
    },
  });
  return asked ?? false;
}

async function namedImages(
  connection: Connection,
  filters: Readonly<Record<string, string[]>>,
): Promise<readonly NamedImage[]> {
  const found = await ask(connection, {
    doing: 'list its images',
    limit: lookLimit,
    call: (client, abortSignal) => client.listImages({ filters, abortSignal }),
  });
  return found.flatMap(({ Id, Size, RepoTags, Labels: labels }) =>
    // the types lag: an image without a name has none of these
    ((RepoTags as string[] | null) ?? [])
      .filter((name) => name !== '<none>:<none>')
      .map((name) => ({ id: Id, bytes: Size, name, labels: (labels as Labels | null) ?? {} })),
  );
}

/** Why the engine's registry would not give an image, or undefined if it would; asked by the engine itself. */
export async function pullTrouble(connection: Connection, name: string): Promise<string | undefined> {
  try {
    await request(connection, 5000, (client, abortSignal) =>
      client.getImage(name).distribution({ abortSignal } as object),
    );
    return undefined;
  } catch (error) {
    connection.signal.throwIfAborted();
    return refusalOf(error);
  }
}

/** How far a pull is, in bytes; `total` grows while layers are found. */
export interface PullProgress {
  readonly done: number;
  readonly total: number;
  /** Once everything is downloaded: how many layers are unpacked, and of how many. */
  readonly unpacked?: { readonly done: number; readonly total: number };
}

/** Milliseconds without a word from a pull, or with too few bytes, after which it counts as stuck. */
const silenceLimit = 180_000;
/** Bytes that must come in that time while layers are downloaded: 1 kB/s. */
const leastBytes = 1024 * 180;
/** Characters of one message of a pull. */
const messageLimit = 1024 * 1024;

/** Pulls an image. Throws `BAI-IMAGE` if the registry does not give it, `BAI-ENGINE` if the engine is gone. */
export async function pullImage(
  connection: Connection,
  name: string,
  onProgress: (progress: PullProgress) => void,
): Promise<void> {
  const { open, signal } = connection;
  const silent = new AbortController();
  const stuck = (): void => silent.abort(new Error(`nothing came for ${silenceLimit / 1000} s`));
  let timer = setTimeout(stuck, silenceLimit);
  try {
    const abortSignal = AbortSignal.any([signal, silent.signal]);
    const client = await open();
    const stream = await client.pull(name, { abortSignal });
    const layers = new Map<string, Layer>();
    let counted = 0;
    for await (const message of messagesOf(stream)) {
      const { done } = sum([...layers.values()]);
      if (message.status !== 'Downloading' || done - counted >= leastBytes) {
        counted = done;
        clearTimeout(timer);
        timer = setTimeout(stuck, silenceLimit);
      }
      // a refusal comes as a status before the stream or as a message inside it
      if (message.error !== undefined) throw imageFailure(name, message.error);
      const { id, status, progressDetail } = message;
      if (id === undefined) continue;
      const before = layers.get(id);
      const total = progressDetail?.total ?? before?.total ?? 0;
      // the count begins anew when a layer is unpacked: only its download is told
      const complete = /complete|exists|Extracting/i.test(status ?? '');
      layers.set(id, {
        total,
        done: complete ? total : Math.max(before?.done ?? 0, progressDetail?.current ?? 0),
        state: stateOf(status) ?? before?.state ?? 'wanted',
      });
      onProgress(progressOf([...layers.values()].filter(({ state }) => state !== 'image')));
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Failure) throw error;
    if (silent.signal.aborted) throw imageFailure(name, `nothing came for ${silenceLimit / 1000} s`);
    throw statusOf(error) === undefined
      ? engineFailure(connection, `pull image ${name}`, error)
      : imageFailure(name, refusalOf(error));
  } finally {
    clearTimeout(timer);
  }
  // an engine may end a stream early without a word when it is stopped
  if ((await findImage(connection, name)) === undefined) {
    throw imageFailure(name, 'the pull ended and the image is not there');
  }
}

interface Layer extends PullProgress {
  /** `image`: the line that names the image itself. */
  readonly state: 'image' | 'wanted' | 'downloaded' | 'unpacked';
}

function stateOf(status = ''): Layer['state'] | undefined {
  if (/^Pulling from/i.test(status)) return 'image';
  if (/^(Pull complete|Already exists)/i.test(status)) return 'unpacked';
  return /^(Download complete|Verifying|Extracting)/i.test(status) ? 'downloaded' : undefined;
}

function progressOf(layers: readonly Layer[]): PullProgress {
  const unpacked = layers.filter(({ state }) => state === 'unpacked').length;
  const isDownloaded = layers.length > 0 && layers.every(({ state }) => state !== 'wanted');
  return { ...sum(layers), ...(isDownloaded ? { unpacked: { done: unpacked, total: layers.length } } : {}) };
}

/** Sum of all counts of bytes. */
export const sum = (parts: readonly PullProgress[]): PullProgress => ({
  done: parts.reduce((bytes, part) => bytes + part.done, 0),
  total: parts.reduce((bytes, part) => bytes + part.total, 0),
});

const messageSchema = z.object({
  id: z.string().optional(),
  status: z.string().optional(),
  error: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
});

/** One JSON object a line; what is none is no message. */
async function* messagesOf(stream: NodeJS.ReadableStream): AsyncGenerator<z.infer<typeof messageSchema>> {
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > messageLimit) throw tooLarge(messageLimit);
    for (const line of lines) {
      const message = messageSchema.safeParse(parseJson(line));
      if (message.success) yield message.data;
    }
  }
  const last = messageSchema.safeParse(parseJson(rest));
  if (last.success) yield last.data;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function imageFailure(name: string, why: string): Failure {
  return new Failure('BAI-IMAGE', `The image ${name} could not be pulled: ${why.trim()}.`, {
    facts: { image: name },
    next: [{ purpose: 'see whether Docker itself can', command: `docker pull ${name}` }],
  });
}
