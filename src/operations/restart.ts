// Stops daemons and starts them again, under one lock.
import { daemonsOf } from '../daemons/daemon.ts';
import { acquireLock } from '../environment/lock.ts';
import { statePaths } from '../environment/names.ts';
import { forEnvironment, type World } from '../world.ts';
import { chosen, readyRecord } from './existing.ts';
import { prepareStart } from './prepare.ts';
import { announce } from './side.ts';
import { startUnderLock, type StartRequest, type StartResult } from './start.ts';
import { stopUnderLock } from './stop.ts';

export interface RestartRequest {
  readonly id: string;
  /** Names of daemons; all of them without. */
  readonly names?: readonly string[];
  readonly tmux: boolean;
  readonly force: boolean;
  /** Seconds that each daemon has to get ready. */
  readonly limit: number;
}

/** What would keep them from starting is found before anything stops. The halfstack stays up. */
export async function restart(outer: World, request: RestartRequest): Promise<StartResult> {
  const world = forEnvironment(outer, request.id);
  announce(world, await readyRecord(world, request.id), 'restart');
  const lock = await acquireLock(world, statePaths(world.host, request.id).lock, {
    command: `restart ${request.id}`,
  });
  try {
    const record = await readyRecord(world, request.id);
    const { names, ...rest } = request;
    const start: StartRequest = { ...rest, halfstackOnly: false, ...(names && { only: names }) };
    await prepareStart(world, record, start);
    const all = daemonsOf(world.host, record.spec);
    const known = all.map(({ name }) => name);
    const wanted = chosen(known, names ?? known, 'daemon');
    const daemons = all.filter(({ name }) => wanted.includes(name));
    await stopUnderLock(world, record, { daemons, halfstack: false });
    return await startUnderLock(world, record, start);
  } finally {
    await lock.release();
  }
}
