// A restore as a transaction: its journal is there from the first copy to the last adaptation. Until the journal says
// that the stores are to be exchanged they hold the old data; from then on whoever starts them finishes first.
import { endRestore, readRestore, writeRestore, type RestoreJournal } from '../environment/restoring.ts';
import { Failure } from '../failure.ts';
import type { StepControl } from '../plan/step.ts';
import type { Host, World } from '../world.ts';
import type { HalfstackEngine, Stack } from './engine.ts';
import { etcdRange, etcdTransaction } from './etcd.ts';
import { withPostgres } from './postgres.ts';

export interface Restoring {
  readonly engine: HalfstackEngine;
  readonly stack: Stack;
  readonly control: StepControl;
}

/** Exchanges the data of a stopped stack for a snapshot's; everything runs and answers afterwards. */
export async function restoreStores(
  world: World,
  restoring: Restoring,
  wanted: { readonly from: string; readonly journal: Omit<RestoreJournal, 'schema' | 'stage'> },
): Promise<void> {
  const { engine, stack, control } = restoring;
  const enter = (stage: RestoreJournal['stage']): Promise<void> =>
    writeRestore(world.host, stack.project, { stage, ...wanted.journal });
  await enter('staging');
  const stores = engine.stores(stack);
  await stores.unstage();
  try {
    control.progress('copying');
    await stores.stage(wanted.from);
  } catch (error) {
    // what cannot be taken away now is when the stack is started next
    await forgetStaged(world.host, restoring).catch(() => undefined);
    throw error;
  }
  await enter('exchanging');
  await finishRestore(world, restoring);
}

/** Finishes what was cut off: takes copies away, or goes on to the end; then everything runs. Does nothing without. */
export async function finishRestore(world: World, restoring: Restoring): Promise<void> {
  const { engine, stack, control } = restoring;
  const journal = await readRestore(world.host, stack.project);
  if (journal === undefined) return;
  await engine.stop(stack);
  if (journal.stage === 'staging') return forgetStaged(world.host, restoring);
  control.progress('exchanging');
  await engine.stores(stack).swap();
  await adapt(world, restoring, journal);
  await endRestore(world.host, stack.project);
}

/** The same engine, whose `up` first finishes a restore that was cut off: no server ever sees half of one. */
export function restoringEngine(world: World, engine: HalfstackEngine): HalfstackEngine {
  return {
    ...engine,
    up: async (stack, control) => {
      await finishRestore(world, { engine, stack, control });
      await engine.up(stack, control);
    },
  };
}

async function forgetStaged(host: Host, { engine, stack }: Restoring): Promise<void> {
  await engine.stores(stack).unstage();
  await endRestore(host, stack.project);
}

/** Gives the data the environment's own password and addresses. */
async function adapt(
  { signal }: World,
  { engine, stack, control }: Restoring,
  { databasePassword, keys }: RestoreJournal,
): Promise<void> {
  const { endpoints } = stack;
  const { postgres } = endpoints;
  if (databasePassword !== postgres.password) {
    const former = { ...postgres, password: databasePassword };
    const before = { ...stack, endpoints: { ...endpoints, postgres: former } };
    const isFormer = await engine.up(before, control).then(
      () => true,
      (error: unknown) => {
        signal.throwIfAborted();
        // an earlier run may have changed it already
        if (error instanceof Failure && error.code === 'BAI-UNHEALTHY') return false;
        throw error;
      },
    );
    if (isFormer) {
      await withPostgres(former, signal, (client) =>
        client.query(
          `ALTER ROLE ${client.escapeIdentifier(postgres.user)} PASSWORD ${client.escapeLiteral(postgres.password)}`,
        ),
      );
    }
  }
  await engine.up(stack, control);
  const there = new Map<string, string>();
  for (const { key } of keys) {
    const entry = (await etcdRange(endpoints.etcd, key, signal)).find((one) => one.key === key);
    if (entry !== undefined) there.set(key, entry.value);
  }
  const put = keys.flatMap(({ key, from, to }) => (there.get(key) === from ? [{ key, value: to }] : []));
  if (put.length > 0) await etcdTransaction(endpoints.etcd, { absent: [], put }, signal);
}
