// Fills etcd with what the daemons of a fresh environment read there, once and in one transaction.
import { renderData } from '../environment/render.ts';
import { valuesOf } from '../environment/values.ts';
import * as z from 'zod';
import { Failure } from '../failure.ts';
import { etcdRange, etcdTransaction, type EtcdEntry } from '../halfstack/etcd.ts';
import { readAsset } from '../host/assets.ts';
import type { Step } from '../plan/step.ts';
import type { Resource } from '../resources/resource.ts';
import { foreignData } from './foreign.ts';
import type { Making } from './making.ts';

/** Stands beside the daemons' own keys, which all begin with the release's prefix: none of them reads it. */
export const etcdMarker = '/bai-dev/filled';

const keysSchema = z.record(z.string(), z.string());

/**
 * `etcd:fill`. Once the marker is there the keys are the developer's, and nothing touches them again. Keys without the
 * marker are not overwritten either: they were all written in one transaction with it.
 */
export function etcdSteps(making: Making): Step<Resource>[] {
  const { endpoints, spec, world } = making;
  const entries = etcdEntries(making);
  return [
    {
      id: 'etcd:fill',
      title: 'etcd',
      group: 'Database and etcd',
      after: ['halfstack:up'],
      check: async () => (await fillable(making)) === 'filled',
      run: async (control) => {
        const state = await fillable(making);
        if (state === 'filled') return;
        const marker = { key: etcdMarker, value: spec.id };
        const put = state === 'empty' ? [...entries, marker] : [marker];
        const absent = put.map(({ key }) => key);
        const filled = await etcdTransaction(endpoints.etcd, { absent, put }, world.signal);
        if (!filled) {
          throw new Failure('BAI-ETCD', 'Another process wrote keys into etcd while it was filled.');
        }
        if (state !== 'empty') {
          control.summary('etcd kept as it is');
          return;
        }
        await assertWritten(making, entries);
        control.summary(`${entries.length} keys in etcd`);
      },
    },
    ...(formerValues(making).size === 0 ? [] : [adaptStep(making)]),
  ];
}

/**
 * `filled`: marked so. `whole`: no mark, but every key of a fresh environment has its value. `other`: keys that bai-dev
 * would write otherwise, which the user wants kept; `BAI-CONFLICT-DATA` if the user did not say so.
 */
async function fillable(making: Making): Promise<'filled' | 'empty' | 'whole' | 'other'> {
  const { endpoints, spec, world } = making;
  const range = (prefix: string): Promise<readonly EtcdEntry[]> =>
    etcdRange(endpoints.etcd, prefix, world.signal);
  if ((await range(etcdMarker)).length > 0) return 'filled';
  const there = new Map((await range(spec.release.etcd.prefix)).map(({ key, value }) => [key, value]));
  if (there.size === 0) return 'empty';
  const entries = etcdEntries(making);
  if (entries.every(({ key, value }) => there.get(key) === value)) return 'whole';
  if (making.adopt === true) return 'other';
  const lacking = entries.filter(({ key }) => !there.has(key)).length;
  const differing = entries.filter(({ key, value }) => there.has(key) && there.get(key) !== value);
  throw foreignData(spec, {
    store: 'etcd',
    lost: `The mark is the key ${etcdMarker}.`,
    holds: [
      `${there.size} ${there.size === 1 ? 'key' : 'keys'} below ${spec.release.etcd.prefix}`,
      ...(lacking === 0 ? [] : [`${lacking} of ${entries.length} keys of a fresh environment are missing`]),
      ...differing.map(({ key }) => `another value of ${key}`),
    ],
  });
}

/** Only while the environment is changed, and only if keys are to hold something else. */
export const adaptStepId = 'etcd:adapt';

/** Gives keys whose value is another now that value, where they still hold one of ours: the rest is drift. */
function adaptStep(making: Making): Step<Resource> {
  const { endpoints, world } = making;
  return {
    id: adaptStepId,
    title: 'keys of etcd',
    group: 'Database and etcd',
    after: ['etcd:fill'],
    // what it holds is looked at each time
    check: async () => {
      const { outdated, drifted } = await comparedKeys(making);
      return outdated.length + drifted.length === 0;
    },
    run: async (control) => {
      for (let attempt = 0; ; attempt += 1) {
        const { outdated, drifted } = await comparedKeys(making);
        const equal = outdated.map(({ key, is }) => ({ key, value: is }));
        const put = outdated.map(({ key, wanted }) => ({ key, value: wanted }));
        const done =
          put.length === 0 ||
          (await etcdTransaction(endpoints.etcd, { absent: [], equal, put }, world.signal));
        if (!done && attempt < 5) continue;
        if (!done)
          throw new Failure('BAI-ETCD', 'The keys in etcd change faster than they can be rewritten.');
        for (const { key, is, wanted } of drifted) {
          const holds = is === undefined ? 'is gone' : `holds ${JSON.stringify(is)}`;
          const message = `The key ${key} in etcd ${holds} and is left so; ours would be ${JSON.stringify(wanted)}.`;
          world.report.emit({ kind: 'note', severity: 'warning', message });
        }
        control.summary(`${put.length} ${put.length === 1 ? 'key' : 'keys'} rewritten`);
        return;
      }
    },
  };
}

interface Compared {
  readonly outdated: readonly { readonly key: string; readonly is: string; readonly wanted: string }[];
  readonly drifted: readonly {
    readonly key: string;
    readonly is: string | undefined;
    readonly wanted: string;
  }[];
}

/** What keys were to hold before, of those that are to hold something else now. */
function formerValues(making: Making): ReadonlyMap<string, ReadonlySet<string>> {
  const before = new Map<string, Set<string>>();
  for (const { key, value } of making.former.flatMap((spec) => etcdEntries({ ...making, spec }))) {
    before.set(key, (before.get(key) ?? new Set()).add(value));
  }
  const now = new Map(etcdEntries(making).map(({ key, value }) => [key, value]));
  return new Map([...before].filter(([key, values]) => [...values].some((value) => value !== now.get(key))));
}

/** Keys that were to hold something else before, as far as they do not hold what they should. */
async function comparedKeys(making: Making): Promise<Compared> {
  const { endpoints, spec, world } = making;
  const before = formerValues(making);
  const range = await etcdRange(endpoints.etcd, spec.release.etcd.prefix, world.signal);
  const there = new Map(range.map(({ key, value }) => [key, value]));
  const differing = etcdEntries(making).flatMap(({ key, value: wanted }) => {
    const ours = before.get(key);
    const is = there.get(key);
    if (ours === undefined || is === wanted) return [];
    return [{ key, is, wanted, isOurs: is !== undefined && ours.has(is) }];
  });
  return {
    outdated: differing.flatMap(({ key, is, wanted, isOurs }) =>
      isOurs && is !== undefined ? [{ key, is, wanted }] : [],
    ),
    drifted: differing.flatMap(({ key, is, wanted, isOurs }) => (isOurs ? [] : [{ key, is, wanted }])),
  };
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
