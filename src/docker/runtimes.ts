// Which OCI runtimes a Docker engine may start containers with.
import * as z from 'zod';
import { ask, lookLimit, type Connection } from './client.ts';

const answerSchema = z.object({ Runtimes: z.record(z.string(), z.unknown()).nullish() });

/** Their names, e.g. `runc` and `nvidia`. Throws `BAI-ENGINE`. */
export async function runtimesOf(connection: Connection): Promise<readonly string[]> {
  const answer: unknown = await ask(connection, {
    doing: 'tell its runtimes',
    limit: lookLimit,
    call: (client, abortSignal) =>
      (client.info as (options: object) => Promise<unknown>).call(client, { abortSignal }),
  });
  return Object.keys(answerSchema.parse(answer).Runtimes ?? {});
}
