// What a start needs to know before it starts anything: which daemons, and what stands in their way.
import { join } from 'node:path';
import { addressOf, daemonsOf, type Daemon } from '../daemons/daemon.ts';
import { assertPortsFree } from '../daemons/occupied.ts';
import { guestsOf } from '../daemons/guests.ts';
import { recordedAlive, runningDaemons } from '../daemons/running.ts';
import { claimSharedFolder, giveWay, untouchable } from '../daemons/shared.ts';
import { assertTmux } from '../daemons/tmux.ts';
import { probeDocker } from '../docker/probe.ts';
import { dockerTrouble } from '../docker/trouble.ts';
import { acquireLock, type Lock } from '../environment/lock.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { listIds, readRecord } from '../environment/store.ts';
import { Failure } from '../failure.ts';
import { hashOf } from '../host/files.ts';
import type { Host, World } from '../world.ts';
import { chosen } from './existing.ts';
import { assertData, assertWhole } from './missing.ts';
import type { StartRequest } from './start.ts';

export interface Prepared {
  /** To be started, or waited for where they run. */
  readonly daemons: readonly Daemon[];
  /** Cannot run on this machine as it is. */
  readonly skipped: readonly {
    readonly name: string;
    readonly reason: string;
    readonly address: string;
    readonly log: string;
  }[];
  /** Address of the Docker engine that the daemons may use. */
  readonly docker?: string;
  /** To be called when all of them run or the start has failed: until then no other agent is started beside them. */
  release(): Promise<void>;
}

/** Chooses and looks; makes nothing but the folder that all daemons share. */
export async function prepareStart(
  world: World,
  record: EnvironmentRecord,
  request: StartRequest,
): Promise<Prepared> {
  const { spec } = record;
  const all = daemonsOf(world.host, spec);
  const names = all.map(({ name }) => name);
  const wanted = request.halfstackOnly ? [] : chosen(names, request.only ?? names, 'daemon');
  const daemons = all.filter(({ name }) => wanted.includes(name));
  await assertWhole(record, wanted);
  await assertData(world, record);
  if (daemons.length === 0) return { daemons, skipped: [], release: () => Promise.resolve() };

  const facts = await probeDocker(world, spec.engine === 'docker' ? spec.engineAddress : undefined);
  const docker = facts.state === 'ok' ? facts.address : undefined;
  const withDocker = daemons.filter(({ needsDocker }) => needsDocker);
  const skipped = docker === undefined ? withDocker : [];
  const reason = facts.state === 'ok' ? '' : `It needs Docker: ${dockerTrouble(facts)}.`;
  const [first] = skipped;
  // what was asked for by name and cannot be done is no success
  if (first !== undefined && request.only !== undefined) {
    throw new Failure('BAI-UNHEALTHY', `${first.name} cannot run. ${reason}`, {
      facts: { daemon: first.name, docker: facts },
      next: [{ purpose: 'once there is one', command: `bai-dev start ${spec.id} --only ${first.name}` }],
    });
  }
  const possible = daemons.filter((daemon) => !skipped.includes(daemon));
  if (request.tmux) await assertTmux(world);
  await assertTouchable(world, record, possible);
  const single = docker !== undefined && withDocker.length > 0 && !request.force;
  const lock = single ? await lockAgents(world, spec.id, { docker, limit: request.limit }) : undefined;
  const prepared: Prepared = {
    daemons: possible,
    skipped: skipped.map((daemon) => ({
      name: daemon.name,
      reason,
      address: addressOf(daemon),
      log: daemon.log,
    })),
    ...(docker === undefined ? {} : { docker }),
    release: async () => lock?.release(),
  };
  try {
    if (single) await assertSingle(world, record, { names: withDocker.map(({ name }) => name), docker });
    await assertPossible(world, record, { prepared, wanted, names });
    return prepared;
  } catch (error) {
    await prepared.release();
    throw error;
  }
}

/** What else stands in the way of daemons that are to be started; makes nothing but the folder that all share. */
async function assertPossible(
  world: World,
  record: EnvironmentRecord,
  known: { prepared: Prepared; wanted: readonly string[]; names: readonly string[] },
): Promise<void> {
  const { prepared, wanted, names } = known;
  const { daemons: possible } = prepared;
  const { id } = record.spec;
  await assertManager(world.host, record, { daemons: possible, all: names });
  const running = await runningDaemons(world.host, record, wanted);
  await assertPortsFree(
    { world, id },
    possible.filter(({ name }) => !running.has(name)),
    { members: () => guestsOf(world, record) },
  );
  await claimSharedFolder(world);
}

/**
 * Held from the look for another agent until this one is in the record, so that of two starts at the same time one
 * sees the other. Waits as long as a daemon may take to get ready, then throws `BAI-LOCKED` naming the other start.
 */
function lockAgents(
  world: World,
  id: string,
  { docker, limit }: { docker: string; limit: number },
): Promise<Lock> {
  const path = join(world.host.folders.state, `agents-${hashOf(docker).slice(0, 12)}.lock`);
  return acquireLock(world, path, { command: `start ${id}`, waitSeconds: limit });
}

/**
 * Two agents on one Docker engine end each other's sessions, as they take what they do not know for left over
 * (facts 6.3): a second one is refused, naming the environment of the first.
 */
async function assertSingle(
  world: World,
  { spec }: EnvironmentRecord,
  wanted: { names: readonly string[]; docker: string },
): Promise<void> {
  for (const id of (await listIds(world.host)).filter((other) => other !== spec.id)) {
    const other = await readRecord(world.host, id).catch(() => undefined);
    if (other === undefined) continue;
    if (other.spec.engine === 'docker' && other.spec.engineAddress !== wanted.docker) continue;
    for (const name of wanted.names) {
      if ((await recordedAlive(world.host, other, name)) === undefined) continue;
      const rest = daemonsOf(world.host, spec).filter(({ needsDocker }) => !needsDocker);
      throw new Failure(
        'BAI-OCCUPIED',
        `The ${name} of ${id} runs on the same Docker engine, and two of them end each other's sessions.`,
        {
          facts: { environment: id, daemon: name, docker: wanted.docker },
          next: [
            { purpose: 'stop the other', command: `bai-dev stop ${id}` },
            {
              purpose: 'start all but it',
              command: `bai-dev start ${spec.id} --only ${rest.map((one) => one.name).join(' ')}`,
            },
            { purpose: 'or do it all the same', command: `bai-dev start ${spec.id} --force` },
          ],
        },
      );
    }
  }
}

/** A file of another user that a daemon touches ends it as soon as it starts. */
async function assertTouchable(
  world: World,
  { spec }: EnvironmentRecord,
  daemons: readonly Daemon[],
): Promise<void> {
  const names = daemons.map(({ name }) => name);
  for (const name of names) {
    const component = spec.release.components[name];
    const stranger = component && (await untouchable(world, component));
    if (stranger === undefined) continue;
    const { path, owner } = stranger;
    const rest = names.filter((other) => other !== name);
    throw new Failure('BAI-OCCUPIED', `${path} belongs to ${owner}, and ${name} cannot start without it.`, {
      facts: { path, owner, daemon: name },
      next: [
        giveWay(stranger),
        ...(rest.length === 0
          ? []
          : [
              {
                purpose: `start all but ${name}`,
                command: `bai-dev start ${spec.id} --only ${rest.join(' ')}`,
              },
            ]),
      ],
    });
  }
}

/** A daemon that only the manager can tell to be ready needs one: waiting for it would be in vain. */
async function assertManager(
  host: Host,
  record: EnvironmentRecord,
  { daemons, all }: { daemons: readonly Daemon[]; all: readonly string[] },
): Promise<void> {
  const { id } = record.spec;
  const unasked = daemons.find(({ probe }) => probe === undefined);
  const asked = unasked?.after.find(
    (name) => all.includes(name) && !daemons.some((one) => one.name === name),
  );
  if (unasked === undefined || asked === undefined) return;
  if ((await runningDaemons(host, record, [asked])).get(asked)?.main !== undefined) return;
  throw new Failure('BAI-UNHEALTHY', `${unasked.name} gets ready only when ${asked} runs, and it does not.`, {
    next: [{ purpose: 'start both', command: `bai-dev start ${id} --only ${asked} ${unasked.name}` }],
  });
}
