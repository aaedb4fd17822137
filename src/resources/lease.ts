// A leased block of ports: it exists only as an entry of the record, and ends with it.
import type { ResourceHandling } from './handling.ts';

export const leaseKind: ResourceHandling<'lease'> = {
  describe: ({ base }) => (base === 0 ? "upstream's ports" : `ports from ${base}`),
  exists: () => Promise.resolve(true),
  remove: () => Promise.resolve('removed'),
};
