// Leases that many ask for at once: whoever comes too late gets the next ports, and nobody gets a port of another.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { choosePorts } from '../../src/environment/leases.ts';
import { singlePorts } from '../../src/environment/ports.ts';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import { listIds, readRecord } from '../../src/environment/store.ts';
import { claim } from '../../src/operations/claim.ts';
import { sampleRecord } from '../environment/sample.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

/** How many at once, and how often: as many as one likes, e.g. 50x20. A test run has time for a few. */
const [many = 0, rounds = 0] = (process.env['BAI_DEV_TEST_LEASES'] ?? '20x1').split('x').map(Number);
const wish = { single: {} };

let box: Sandbox;
beforeEach(() => {
  box = sandbox();
});
afterEach(() => box.remove());

async function leased(): Promise<EnvironmentRecord[]> {
  const records = await Promise.all(
    (await listIds(box.world.host)).map((id) => readRecord(box.world.host, id)),
  );
  return records.filter((record) => record !== undefined);
}

it.each(Array.from({ length: rounds }, (_, at) => at + 1))(
  `${many} that planned on the same ports all get some at once, and share none, round %i`,
  { timeout: 120_000 },
  async () => {
    const ids = Array.from({ length: many }, (_, at) => `env${at}`);
    // all of them want the same block
    const { base, ports: planned } = await choosePorts(box.world, { id: 'env0', wish, records: [] });
    const written = await Promise.all(
      ids.map((id) => claim(box.world, sampleRecord(id, { base, ports: planned }), wish)),
    );
    const records = await leased();
    expect(records.map(({ spec }) => spec.id).sort()).toEqual(ids.sort());
    const byId = (all: readonly (EnvironmentRecord | undefined)[]) =>
      new Map(all.map((record) => [record?.spec.id, record]));
    expect(byId(records)).toEqual(byId(written));
    const ports = records.flatMap(({ spec }) => singlePorts(spec.ports).map(([, port]) => port));
    expect(new Set(ports).size).toBe(ports.length);
    const ranges = records.map(({ spec: { ports: own } }) => [own.kernelFirst, own.kernelLast] as const);
    ranges.sort(([a], [b]) => a - b);
    ranges.forEach(([first], at) => expect(first).toBeGreaterThan(ranges[at - 1]?.[1] ?? 0));
    const bases = records.map(({ spec }) => spec.portBase);
    expect(new Set(bases).size).toBe(many);
    for (const { spec, resources } of records) {
      expect(resources).toContainEqual({ kind: 'lease', base: spec.portBase });
    }
  },
);

it("refuses a block that was named and is another one's now, and writes nothing", async () => {
  const named = { base: 29_800, single: {} };
  const { base, ports } = await choosePorts(box.world, { id: 'first', wish: named, records: [] });
  const claims = ['first', 'second'].map((id) => claim(box.world, sampleRecord(id, { base, ports }), named));
  const written = await Promise.all(claims);
  expect(written.filter((record) => record !== undefined)).toHaveLength(1);
  expect(await leased()).toHaveLength(1);
});
