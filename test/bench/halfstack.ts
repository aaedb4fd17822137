// Rows about the native halfstack: bai-dev's command beside a script that starts the very same servers.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blockPorts } from '../../src/environment/ports.ts';
import { writeRecord } from '../../src/environment/store.ts';
import { chooseServers } from '../../src/halfstack/native/choose.ts';
import { nativeEngine } from '../../src/halfstack/native/engine.ts';
import { placesOf } from '../../src/halfstack/native/places.ts';
import { stackOf } from '../../src/halfstack/stack.ts';
import { isTaken } from '../../src/host/net.ts';
import { removeResource } from '../../src/resources/inventory.ts';
import { forEnvironment } from '../../src/world.ts';
import { sampleRecord } from '../environment/sample.ts';
import { buildProgram, freshHome, run } from '../rig/program.ts';
import { repository, sandbox } from '../rig/world.ts';
import { median, timed, type Row } from './row.ts';

const runs = 5;

/** The servers' programs are fetched before; then both make, stop and start a halfstack in turn. */
export async function halfstackRows(): Promise<readonly Row[]> {
  const program = buildProgram();
  const home = freshHome();
  const box = sandbox({ home: home.home, variables: home.variables });
  const folder = mkdtempSync(join(tmpdir(), 'bai-dev-bench-'));
  chmodSync(folder, 0o755);
  const id = 'bench';
  const { state, cache, config } = home;
  const world = forEnvironment(
    { ...box.world, host: { ...box.world.host, folders: { state, cache, config } } },
    id,
  );
  const { servers } = await chooseServers(world);
  if (servers === undefined) throw new Error('no servers can be had on this machine');
  const base = await freeBase();
  const installPath = join(home.home, id);
  mkdirSync(installPath);
  const record = sampleRecord(id, { ports: blockPorts(base), base, installPath });
  record.phase = 'ready';
  record.spec = {
    ...record.spec,
    engine: 'native',
    engineAddress: '',
    servers,
    index: 'https://pypi.org/simple',
  };
  const engine = nativeEngine(world, record.spec);
  const stack = stackOf(record.spec, record.secrets);
  const resources = engine.resources(stack);
  record.resources.push(...resources);
  const control = { signal: world.signal, progress: () => undefined, summary: () => undefined };
  const clear = async (): Promise<void> => {
    for (const resource of [...resources].reverse()) await removeResource(world, resource);
  };
  const command = async (...args: readonly string[]): Promise<void> => {
    const ended = await run({ program, home, args });
    if (ended.exit !== 0) throw new Error(ended.stdout + ended.stderr);
  };
  try {
    // once, so that every program is where it will be
    await engine.up(stack, control);
    const programs = join(folder, 'programs');
    mkdirSync(programs);
    const { places } = { places: placesOf(world.host, id, servers) };
    execFileSync('cp', ['-a', join(places.servers.postgres.program, '../..'), join(folder, 'postgres')]);
    symlinkSync(join(folder, 'postgres/bin/postgres'), join(programs, 'postgres'));
    symlinkSync(places.servers.redis.program, join(programs, 'redis'));
    symlinkSync(places.servers.etcd.program, join(programs, 'etcd'));
    await clear();
    await writeRecord(world.host, record);

    const figures = { made: [[], []], started: [[], []] } as Record<'made' | 'started', [number[], number[]]>;
    for (let at = 0; at < runs; at += 1) {
      figures.made[0].push(await timed(() => command('start', id, '--halfstack-only')));
      await command('stop', id);
      figures.started[0].push(await timed(() => command('start', id, '--halfstack-only')));
      await command('stop', id);
      await clear();

      const script = (what: string): number =>
        Number(
          execFileSync('bash', [
            join(repository, 'test/bench/halfstack.sh'),
            ...[what, join(folder, 'data'), programs, String(base + 10)],
          ]),
        );
      figures.made[1].push(script('make'));
      script('stop');
      figures.started[1].push(script('start'));
      script('stop');
      rmSync(join(folder, 'data'), { recursive: true });
    }
    const row = (what: string, [ours, theirs]: [number[], number[]], wanted: string): Row => ({
      what,
      ours: median(ours),
      theirs: { name: 'the servers alone, by a script', seconds: median(theirs) },
      wanted,
    });
    return [
      row('native halfstack, from no data to answering', figures.made, 'at most 1.5 s'),
      row('native halfstack, from stopped to answering', figures.started, 'at most 0.5 s'),
    ];
  } finally {
    await clear();
    for (const one of [program, home, box]) one.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function freeBase(): Promise<number> {
  for (let base = 28_000; ; base += 200) {
    const taken = await Promise.all([0, 1, 2, 3, 10, 11, 12, 13].map((at) => isTaken(base + at)));
    if (!taken.includes(true)) return base;
  }
}
