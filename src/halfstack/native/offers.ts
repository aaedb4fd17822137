// What the catalogue of native servers offers: templates/native.json, checked.
import * as z from 'zod';
import { packageSchema, type ServerRole } from '../../environment/servers.ts';
import { readAsset } from '../../host/assets.ts';
import type { Host } from '../../world.ts';
import { isWithin } from './version.ts';

const version = z.string().regex(/^\d+(\.\d+)*$/);
const range = z.strictObject({ from: version, below: version });

const offerSchema = z.strictObject({
  /** Names under which it is looked for in PATH. */
  programs: z.array(z.string()).min(1),
  /** Versions that the releases can live with. */
  fit: z.array(range).min(1),
  /** Versions that work but have a fault that one should know. */
  weak: z.array(range.extend({ reason: z.string() })).default([]),
  /** Debian's package that holds it, where that is preferred to our own. */
  debian: z.string().optional(),
  /** By Node's platform and CPU. */
  packages: z.record(
    z.string().regex(/^[a-z0-9]+-[a-z0-9]+$/),
    z.strictObject({
      package: packageSchema,
      /** What the machine must have for it. */
      needs: z.strictObject({ glibc: version, libraries: z.array(z.string()).default([]) }).optional(),
    }),
  ),
});

const offersSchema = z.strictObject({ postgres: offerSchema, redis: offerSchema, etcd: offerSchema });

export type Offer = Readonly<z.infer<typeof offerSchema>>;
export type Offers = Readonly<z.infer<typeof offersSchema>>;
export type Offered = Offer['packages'][string];

/** All offers. What they hold is ours, so a fault in it is an Error. */
export function loadOffers(host: Pick<Host, 'assets'>): Offers {
  return offersSchema.parse(JSON.parse(readAsset(host, 'templates/native.json')));
}

/** What one should know of a server that works; undefined if there is nothing. */
export function weaknessOf(host: Pick<Host, 'assets'>, role: ServerRole, is: string): string | undefined {
  return loadOffers(host)[role].weak.find((weak) => isWithin(is, [weak]))?.reason;
}
