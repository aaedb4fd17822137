// Fills etcd with what the daemons of a fresh environment read there, once and in one transaction.
import { renderData } from '../environment/render.ts';
import { valuesOf } from '../environment/values.ts';
import { z } from 'zod';
import { Failure } from '../failure.ts';
import { etcdRange, etcdTransaction, type EtcdEntry } from '../halfstack/etcd.ts';
import { readAsset } from '../host/assets.ts';
import type { Step } from '../plan/step.ts';
import type { Resource } from '../resources/resource.ts';
import type { Making } from './making.ts';

/** Stands beside the daemons' own keys, which all begin with the release's prefix: none of them reads it. */
export const etcdMarker = '/bai-dev/filled';

const keysSchema = z.record(z.string(), z.string());

/** `etcd:fill`. Once the marker is there the keys are the developer's, and nothing touches them again. */
export function etcdSteps(making: Making): Step<Resource>[] {
  const { endpoints, spec, world } = making;
  const entries = etcdEntries(making);
  return [
    {
      id: 'etcd:fill',
      title: 'etcd',
      group: 'Database and etcd',
      after: ['halfstack:up'],
      check: async () => (await etcdRange(endpoints.etcd, etcdMarker, world.signal)).length > 0,
      run: async (control) => {
        const marker = { key: etcdMarker, value: spec.id };
        const filled = await etcdTransaction(
          endpoints.etcd,
          { absent: [etcdMarker], put: [...entries, marker] },
          world.signal,
        );
        if (!filled) return;
        await assertWritten(making, entries);
        control.summary(`${entries.length} keys in etcd`);
      },
    },
  ];
}

/** Every key that a fresh environment has, with its value. */
export function etcdEntries({ spec, secrets, world }: Making): EtcdEntry[] {
  const { prefix, fixtures } = spec.release.etcd;
  const values = valuesOf(spec, secrets);
  return fixtures.flatMap((fixture) => {
    const keys: unknown = JSON.parse(readAsset(world.host, `fixtures/${fixture}`));
    return Object.entries(keysSchema.parse(renderData(keys, values))).map(([key, value]) => ({
      key: `${prefix}${key}`,
      value,
    }));
  });
}

async function assertWritten(
  { endpoints, spec, world }: Making,
  wanted: readonly EtcdEntry[],
): Promise<void> {
  const there = new Map(
    (await etcdRange(endpoints.etcd, spec.release.etcd.prefix, world.signal)).map(({ key, value }) => [
      key,
      value,
    ]),
  );
  const wrong = wanted.filter(({ key, value }) => there.get(key) !== value).map(({ key }) => key);
  if (wrong.length === 0) return;
  throw new Failure(
    'BAI-ETCD',
    `etcd took ${wanted.length} keys but gives back others: ${wrong.join(', ')}.`,
    {
      facts: { keys: wrong },
    },
  );
}
