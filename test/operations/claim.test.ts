// Leases that many ask for at once: whoever comes too late is told so, and nobody gets a port of another.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { choosePorts } from '../../src/environment/leases.ts';
import { singlePorts } from '../../src/environment/ports.ts';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import { listIds, readRecord } from '../../src/environment/store.ts';
import { claim } from '../../src/operations/claim.ts';
import { sampleRecord } from '../environment/sample.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

/** How many at once, and how often: as many as one likes, e.g. 50x20. A test run has time for a few. */
const [many = 0, rounds = 0] = (process.env['BAI_DEV_TEST_LEASES'] ?? '12x1').split('x').map(Number);
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

/** What an install does until it has its ports; gives how often it was too late. */
async function lease(id: string): Promise<number> {
  for (let late = 0; ; late += 1) {
    const { base, ports } = await choosePorts(box.world, { id, wish, records: await leased() });
    if (await claim(box.world, sampleRecord(id, { base, ports }), wish)) return late;
    // what an install looks at before it comes here again takes a while
    await sleep(Math.random() * 1000);
  }
}

it.each(Array.from({ length: rounds }, (_, at) => at + 1))(
  `${many} at once share no port, round %i`,
  { timeout: 120_000 },
  async () => {
    const ids = Array.from({ length: many }, (_, at) => `env${at}`);
    const late = await Promise.all(ids.map(lease));
    // all of them wanted the same first block
    expect(late.filter((times) => times > 0).length).toBeGreaterThan(1);
    const records = await leased();
    expect(records.map(({ spec }) => spec.id).sort()).toEqual(ids.sort());
    const ports = records.flatMap(({ spec }) => singlePorts(spec.ports).map(([, port]) => port));
    expect(new Set(ports).size).toBe(ports.length);
    const ranges = records.map(({ spec: { ports: own } }) => [own.kernelFirst, own.kernelLast] as const);
    ranges.sort(([a], [b]) => a - b);
    ranges.forEach(([first], at) => expect(first).toBeGreaterThan(ranges[at - 1]?.[1] ?? 0));
    const bases = records.map(({ spec }) => spec.portBase);
    expect(new Set(bases).size).toBe(many);
  },
);
