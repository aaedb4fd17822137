// An environment whose daemons are stand-ins: real processes of a real record, without anything installed.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDaemon, type Starting } from '../../src/daemons/background.ts';
import { daemonsOf, type Daemon } from '../../src/daemons/daemon.ts';
import { runningDaemons } from '../../src/daemons/running.ts';
import { openJournal, type RecordJournal } from '../../src/environment/journal.ts';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import { writeRecord } from '../../src/environment/store.ts';
import { forEnvironment, type World } from '../../src/world.ts';
import { sampleRecord } from '../environment/sample.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

/** How a stand-in behaves, and what is particular about its daemon. */
export interface Wanted {
  readonly way: string;
  readonly more?: string;
  readonly probe?: boolean;
}

export interface Household {
  readonly box: Sandbox;
  readonly world: World;
  readonly record: EnvironmentRecord;
  readonly journal: RecordJournal;
  /** The port on which all stand-ins of it listen. */
  readonly port: number;
  readonly daemon: (name: string) => Daemon;
  readonly start: (name: string, more?: Partial<Starting>) => Promise<'started' | 'kept'>;
  /** Process IDs of everything that lives of a daemon. */
  readonly living: (name: string) => Promise<number[]>;
  /** Kills what is left and removes everything. */
  readonly close: () => Promise<void>;
}

const standIn = fileURLToPath(new URL('standin.mjs', import.meta.url));

/** A household with one daemon per entry of `wanted`; their names are names of components. */
export async function household(
  wanted: Readonly<Record<string, Wanted>>,
  variables: Readonly<Record<string, string>> = {},
): Promise<Household> {
  const box = sandbox({ variables });
  const id = `h${box.world.random(4)}`;
  const world = forEnvironment(box.world, id);
  const port = await freePort();
  const sample = sampleRecord(id, { installPath: join(box.folder, 'install') });
  const { release } = sample.spec;
  const record: EnvironmentRecord = {
    ...sample,
    phase: 'ready',
    spec: {
      ...sample.spec,
      ports: { ...sample.spec.ports, manager: port },
      release: {
        ...release,
        trees: Object.fromEntries(
          Object.keys(wanted).map((name) => [name, { ...release.trees['manager']!, folder: name }]),
        ),
        virtualenvs: Object.fromEntries(
          Object.keys(wanted).map((name) => [
            name,
            { ...release.virtualenvs['manager']!, suffix: name, tree: name },
          ]),
        ),
        components: Object.fromEntries(
          Object.entries(wanted).map(([name, { way, more, probe = true }]) => [
            name,
            {
              tree: name,
              virtualenv: name,
              daemon: {
                module: 'standin',
                arguments: [way, String(port), ...(more === undefined ? [] : [more])],
                after: [],
                ports: ['manager'],
                needsDocker: false,
                touches: [],
                ...(probe
                  ? { probe: { port: 'manager', scheme: 'http' as const, path: '/', status: [200] } }
                  : {}),
              },
            },
          ]),
        ),
      },
    },
  };
  const daemons = daemonsOf(world.host, record.spec);
  for (const { folder, python } of daemons) {
    mkdirSync(join(folder, '.venv/bin'), { recursive: true });
    // python -m standin <way> …
    writeFileSync(python, `#!/bin/sh\nshift 2\nexec ${process.execPath} ${standIn} "$@"\n`, { mode: 0o755 });
  }
  await writeRecord(world.host, record);
  const journal = openJournal(world, record);
  const daemon = (name: string): Daemon => daemons.find((one) => one.name === name)!;
  const living = async (name: string): Promise<number[]> =>
    (await runningDaemons(world.host, record, [name])).get(name)?.family.map(({ pid }) => pid) ?? [];
  return {
    ...{ box, world, record, journal, port, daemon, living },
    start: (name, more = {}) =>
      startDaemon(world, { record, journal, daemon: daemon(name), tmux: false, limit: 10, ...more }),
    close: async () => {
      for (const name of Object.keys(wanted)) {
        for (const pid of await living(name)) process.kill(pid, 'SIGKILL');
      }
      box.remove();
    },
  };
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
