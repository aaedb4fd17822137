// What was made: spec, marks, resources and secrets of one environment, as they lie in record.json.
import * as z from 'zod';
import { resourceSchema } from '../resources/resource.ts';
import { specSchema } from './spec.ts';

const secret = z.string().min(16);

/** Born with the record, so that every re-run writes the same files. */
export const secretsSchema = z.strictObject({
  databasePassword: secret,
  redisPassword: secret,
  /** Shared by manager and storage-proxy. */
  storageManagerKey: secret,
  /** The storage-proxy's own, for its tokens. */
  storageSecret: secret,
  /** The storage-proxy's TLS pair for its manager-facing side, as PEM. */
  certificate: z.string(),
  certificateKey: z.string(),
});

export const markSchema = z.strictObject({
  state: z.enum(['started', 'done']),
  fingerprint: z.string(),
  at: z.string(),
});

export const phases = ['installing', 'ready', 'deleting', 'kept'] as const;

export const recordSchema = z.strictObject({
  schema: z.literal(1),
  /** The bai-dev that wrote it last. */
  version: z.string(),
  createdAt: z.string(),
  spec: specSchema,
  /**
   * While the environment is changed: the specs of which something may still be there, the first being what it was
   * when it was whole.
   */
  former: z.array(specSchema).optional(),
  phase: z.enum(phases),
  marks: z.record(z.string(), markSchema),
  /** In the order in which they were made: removed the other way round. */
  resources: z.array(resourceSchema),
  secrets: secretsSchema,
});

/** `phase`, `former`, `marks` and `resources` change while steps run; always through the journal. */
export type EnvironmentRecord = z.infer<typeof recordSchema>;
export type Secrets = Readonly<z.infer<typeof secretsSchema>>;
export type Phase = (typeof phases)[number];
