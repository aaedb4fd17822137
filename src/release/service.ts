// What a release's data says of one server of its halfstack.
import * as z from 'zod';

export const service = z.strictObject({
  /** Upstream's name of the service in its compose file. */
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  image: z.string(),
  /** Its arguments, and the values of `environment`, may hold `{{databasePassword}}` and the like. */
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  /** The port inside the container. */
  port: z.number().int().positive(),
  volume: z.strictObject({ name: z.string(), target: z.string().startsWith('/') }).optional(),
  /** Compose's healthcheck; times in seconds. */
  health: z.strictObject({
    test: z.array(z.string()).min(2),
    interval: z.number().positive(),
    timeout: z.number().positive(),
    retries: z.number().int().positive(),
  }),
  restart: z.enum(['no', 'always', 'unless-stopped', 'on-failure']),
  /** Bytes to pull when the image is not there; only for the estimate. */
  bytes: z.number().int().positive(),
});
