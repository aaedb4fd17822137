// What lives of an environment that no resource names, or that others started: found, told of, ended.
import { daemonsOf } from '../daemons/daemon.ts';
import { guestsOf } from '../daemons/guests.ts';
import { relaysOf } from '../daemons/relay.ts';
import { runningDaemons } from '../daemons/running.ts';
import { connectTo } from '../docker/client.ts';
import { allContainers, removeContainer } from '../docker/containers.ts';
import { isOurs } from '../docker/labels.ts';
import { probeDocker } from '../docker/probe.ts';
import type { RecordJournal } from '../environment/journal.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { Failure } from '../failure.ts';
import type { Living } from '../host/living.ts';
import { spellingsOf } from '../host/path.ts';
import { endProcesses } from '../host/proc.ts';
import type { Removal } from '../resources/handling.ts';
import { resourceExists } from '../resources/inventory.ts';
import type { World } from '../world.ts';
import { stopUnderLock } from './stop.ts';

/** Throws `BAI-OCCUPIED` naming what somebody runs out of the environment's virtualenvs. */
export async function assertNoGuests(world: World, record: EnvironmentRecord): Promise<void> {
  const guests = await guestsOf(world, record);
  const [first] = guests;
  if (first === undefined) return;
  const { id } = record.spec;
  throw new Failure(
    'BAI-OCCUPIED',
    `Programs of ${id} run that bai-dev did not start. Nothing has been removed.`,
    {
      facts: { processes: guests.map(({ pid, command }) => ({ pid, command })) },
      lines: guests.map(guestLine),
      next: [
        { purpose: 'end them', command: `kill ${guests.map(({ pid }) => pid).join(' ')}` },
        { purpose: 'then', command: `bai-dev delete -e ${id}` },
        { purpose: 'or have them ended', command: `bai-dev delete -e ${id} --force` },
      ],
    },
  );
}

/** Daemons go with all that they started, which no resource names. */
export async function stopRunning(world: World, record: EnvironmentRecord): Promise<void> {
  const daemons = daemonsOf(world.host, record.spec);
  const running = await runningDaemons(
    world.host,
    record,
    daemons.map(({ name }) => name),
  );
  if (running.size > 0) await stopUnderLock(world, record, { daemons, halfstack: false });
}

/** They were told of before; here they are only there where force was wanted. */
export async function endGuests(world: World, record: EnvironmentRecord): Promise<void> {
  const guests = await guestsOf(world, record);
  if (guests.length === 0) return;
  for (const guest of guests) {
    const message = `Ended: ${guestLine(guest)}`;
    world.report.emit({ kind: 'note', severity: 'warning', message });
  }
  const [stubborn] = await endProcesses(guests.map(({ pid }) => pid));
  if (stubborn === undefined) return;
  throw new Failure('BAI-LEFTOVERS', `Process ${stubborn} of ${record.spec.id} cannot be ended.`, {
    next: [{ purpose: 'look at it', command: `ps -fp ${stubborn}` }],
  });
}

/** What an agent that was started by hand left beside its process: its name tells that it is of this environment. */
export async function enterRelays(
  world: World,
  record: EnvironmentRecord,
  journal: RecordJournal,
): Promise<void> {
  const { spec } = record;
  const engine = spec.engine === 'docker' ? spec.engineAddress : await usualEngine(world);
  if (engine === undefined) return;
  for (const daemon of daemonsOf(world.host, spec).filter(({ needsDocker }) => needsDocker)) {
    for (const relay of await relaysOf(daemon, engine)) {
      // an engine that does not answer is told of when its containers are to be removed
      if (await resourceExists(world, relay).catch(() => false)) await journal.addResource(relay);
    }
  }
}

/** The engine that an agent beside a native halfstack takes; undefined where none answers. */
async function usualEngine(world: World): Promise<string | undefined> {
  const facts = await probeDocker(world);
  return facts.state === 'ok' ? facts.address : undefined;
}

/** A container to be removed that no resource names. */
export interface Stray {
  readonly name: string;
  readonly remove: () => Promise<Removal>;
}

/** Backend.AI marks what it makes, and the images that it runs, with labels that begin so. */
const upstreamLabel = 'ai.backend.';

/**
 * Sessions of this environment's agent, which outlive it: Backend.AI's by a label, and this one's by the folders of
 * our trees that they hold. And by our own label what a run that was killed left.
 */
export async function strayContainers(world: World, record: EnvironmentRecord): Promise<Stray[]> {
  const { spec, resources } = record;
  const relays = resources.flatMap((one) => (one.kind === 'relay' ? [one.engine] : []));
  const named = new Set(resources.flatMap((one) => (one.kind === 'container' ? [one.name] : [])));
  const found: Stray[] = [];
  const trees = resources.flatMap((one) => (one.kind === 'tree' ? [one.path] : []));
  // other programs may have resolved the links on the way to a tree, or to all of them
  const places = (await Promise.all([spec.installPath, ...trees].map(spellingsOf))).flat();
  for (const engine of new Set(spec.engine === 'docker' ? [spec.engineAddress, ...relays] : relays)) {
    const connection = connectTo(world, engine);
    // what does not answer is told of by what else it holds
    for (const { name, labels, folders } of await allContainers(connection).catch(() => [])) {
      const isSession =
        Object.keys(labels).some((label) => label.startsWith(upstreamLabel)) &&
        folders.some((folder) => places.some((place) => `${folder}/`.startsWith(`${place}/`)));
      if (
        !isSession &&
        (named.has(name) || !isOurs(world, labels, { environment: spec.id, installPath: spec.installPath }))
      )
        continue;
      found.push({
        name: `${isSession ? 'session container' : 'container'} ${name}`,
        remove: async () => ((await removeContainer(connection, name)) ? 'removed' : 'absent'),
      });
    }
  }
  return found;
}

const guestLine = ({ pid, command }: Living): string => `process ${pid}: ${command.slice(0, 120)}`;
