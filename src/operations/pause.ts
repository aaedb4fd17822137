// What stops servers for a while says so before, and starts again afterwards what ran.
import { daemonsOf } from '../daemons/daemon.ts';
import { runningDaemons } from '../daemons/running.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';
import { makingOf } from './making.ts';
import { startUnderLock } from './start.ts';
import { stopUnderLock } from './stop.ts';

/** What runs of an environment. */
export interface Running {
  /** Names of daemons. */
  readonly daemons: readonly string[];
  readonly halfstack: boolean;
}

/** Read-only. An engine that does not answer runs nothing. */
export async function runningOf(world: World, record: EnvironmentRecord): Promise<Running> {
  const names = daemonsOf(world.host, record.spec).map(({ name }) => name);
  const running = await runningDaemons(world.host, record, names);
  const { engine, stack } = makingOf(world, record);
  const states = await engine.status(stack).catch((error: unknown) => {
    world.signal.throwIfAborted();
    if (error instanceof Failure) return [];
    throw error;
  });
  return {
    daemons: names.filter((name) => running.get(name)?.main !== undefined),
    halfstack: states.some(({ state }) => ['starting', 'healthy', 'unhealthy'].includes(state)),
  };
}

/** Says which servers will be stopped, and that they are started again. `during` completes "while …". */
export async function announcePause(world: World, record: EnvironmentRecord, during: string): Promise<void> {
  const { daemons, halfstack } = await runningOf(world, record);
  const names = [...daemons, ...(halfstack ? ['the halfstack'] : [])];
  if (names.length === 0) return;
  const list = names.length === 1 ? names[0] : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  const [is, they] = names.length === 1 ? ['is', 'it is'] : ['are', 'they are'];
  world.report.emit({
    kind: 'note',
    severity: 'note',
    message: `Of ${record.spec.id} ${list} ${is} stopped while ${during}; ${they} started again afterwards.`,
  });
}

/**
 * Stops all of an environment, works, and starts again what ran, also after a failure. After an interruption all stays
 * stopped, which is said.
 */
export async function whileStopped<T>(
  world: World,
  record: EnvironmentRecord,
  work: () => Promise<T>,
): Promise<T> {
  const { id } = record.spec;
  const running = await runningOf(world, record);
  const again = (): Promise<void> => startAgain(world, record, running);
  const stays = (reason: string): void => {
    if (running.daemons.length === 0 && !running.halfstack) return;
    const command = `bai-dev start ${id}${running.daemons.length === 0 ? ' --halfstack-only' : ''}`;
    const message = `${id} is still stopped${reason}. Start it again with: ${command}`;
    world.report.emit({ kind: 'note', severity: 'warning', message });
  };
  let result: T;
  try {
    await stopUnderLock(world, record, { daemons: daemonsOf(world.host, record.spec), halfstack: true });
    result = await work();
  } catch (error) {
    if (world.signal.aborted) stays('');
    // the failure of the work is what counts
    else await again().catch((other: unknown) => stays(other instanceof Failure ? `: ${other.message}` : ''));
    throw error;
  }
  await again();
  return result;
}

/** Starts those daemons, and the halfstack if it or one of them ran. */
export async function startAgain(
  world: World,
  record: EnvironmentRecord,
  { daemons, halfstack }: Running,
): Promise<void> {
  if (!halfstack && daemons.length === 0) return;
  await startUnderLock(world, record, {
    ...{ id: record.spec.id, tmux: false, force: true, limit: 120 },
    ...(daemons.length === 0 ? { halfstackOnly: true } : { halfstackOnly: false, only: daemons }),
  });
}
