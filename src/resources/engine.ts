// What containers, volumes and networks have in common: they live in an engine and are ours by their labels.
import { connectTo, type Connection } from '../docker/client.ts';
import { isOurs, notOurs, type EngineKind, type Labels } from '../docker/labels.ts';
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';
import type { Removal } from './handling.ts';

/** How one kind is found and removed; `remove` is true if it was there. */
export interface EngineThing {
  readonly find: (connection: Connection, name: string) => Promise<{ readonly labels: Labels } | undefined>;
  readonly remove: (connection: Connection, name: string) => Promise<boolean>;
  /** Where something else than our own labels proves that it is ours. */
  readonly isOurs?: (labels: Labels) => boolean;
}

interface Held {
  readonly name: string;
  readonly engine: string;
}

/** `ResourceHandling` of any of the three kinds. */
export interface EngineHandling {
  describe(resource: Held): string;
  exists(world: World, resource: Held): Promise<boolean>;
  remove(world: World, resource: Held): Promise<Removal>;
}

/** The handling of a kind: looks at the labels first, and never touches what does not carry ours. */
export function engineHandling(kind: EngineKind, thing: EngineThing): EngineHandling {
  const ours = (world: World, labels: Labels): boolean =>
    thing.isOurs?.(labels) ?? isOurs(world, labels, { recorded: true });
  return {
    describe: ({ name }) => `${kind} ${name}`,
    exists: async (world, { name, engine }) => {
      const found = await thing.find(connectTo(world, engine), name);
      return found !== undefined && ours(world, found.labels);
    },
    remove: (world, { name, engine }) =>
      whileItAnswers(world, `${kind} ${name}`, async () => {
        const connection = connectTo(world, engine);
        const found = await thing.find(connection, name);
        if (found === undefined) return 'absent';
        if (!ours(world, found.labels)) throw notOurs(kind, name);
        return (await thing.remove(connection, name)) ? 'removed' : 'absent';
      }),
  };
}

/** An engine that is down keeps what it holds: the failure says what waits for it. */
async function whileItAnswers<T>(world: World, waiting: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'BAI-ENGINE') throw error;
    const id = world.marks['BAI_DEV_ENVIRONMENT'];
    throw new Failure('BAI-ENGINE', `The ${waiting} is still there. ${error.message}`, {
      ...error.more,
      next: [
        ...(error.more.next ?? []),
        ...(id === undefined
          ? []
          : [{ purpose: 'then remove the rest', command: `bai-dev delete -e ${id}` }]),
      ],
    });
  }
}
