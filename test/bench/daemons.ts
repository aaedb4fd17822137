// Starting and looking at the servers of a real release, beside a script that does the same by hand.
import { execFileSync, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { daemonsOf, launchOf, type Daemon } from '../../src/daemons/daemon.ts';
import { askDaemon } from '../../src/daemons/ready.ts';
import { containerName } from '../../src/environment/names.ts';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import { stackOf } from '../../src/halfstack/stack.ts';
import { probeService } from '../../src/halfstack/ready.ts';
import { recordOf } from '../rig/state.ts';
import { sandbox } from '../rig/world.ts';
import { openRelease } from '../real/environment.ts';
import { inTurn, median, type Row } from './row.ts';

/** On Docker, all daemons: `start` from stopped beside a script, and `status` of what runs beside Node alone. */
export async function daemonRows(): Promise<readonly Row[]> {
  const release = openRelease('21.09');
  const id = release.id('bench');
  const checked = async (...args: readonly string[]): Promise<void> => {
    const ended = await release.run(args);
    if (ended.exit !== 0) throw new Error(ended.stdout + ended.stderr);
  };
  try {
    await release.install(id);
    const record = recordOf(release.home, id)!;
    // stopping is not measured: each start ends what the other one left, before its clock runs
    const times: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
    for (let round = 0; round < 4; round += 1) {
      await checked('stop', id);
      const began = performance.now();
      await checked('start', id);
      if (round > 0) times.ours.push((performance.now() - began) / 1000);
      await checked('stop', id);
      const theirs = await byHand(record, release.home);
      if (round > 0) times.theirs.push(theirs);
    }
    await checked('stop', id);
    await checked('start', id);
    const { bin } = release.program;
    const [status, nothing] = await inTurn(20, [
      () => node([bin, 'status', id], release.home.variables),
      () => node(['-e', '0'], release.home.variables),
    ]);
    return [
      {
        what: '`bai-dev start`, four daemons of 21.09',
        ours: median(times.ours),
        theirs: { name: 'a script', seconds: median(times.theirs) },
        wanted: 'at most 1.1',
      },
      {
        what: '`bai-dev status`, everything runs',
        ours: status,
        theirs: { name: '`node -e 0`', seconds: nothing },
        wanted: 'at most 500 ms more',
      },
    ];
  } finally {
    await release.run(['stop', id]);
    await release.close();
  }
}

/** Containers, then the manager, then the others side by side, each waited for by the same probe; seconds. */
async function byHand(
  record: EnvironmentRecord,
  { home, state, cache, config, folder, variables }: ReturnType<typeof openRelease>['home'],
): Promise<number> {
  const box = sandbox({ home, folders: { state, cache, config }, variables });
  const { world } = box;
  const { spec, secrets } = record;
  const { services, endpoints } = stackOf(spec, secrets);
  const began = performance.now();
  execFileSync('docker', ['start', ...services.map(({ name }) => containerName(spec.id, name))], {
    stdio: 'ignore',
  });
  for (const { role } of services) {
    while (!(await probeService(endpoints, role, world.signal)).ready) await sleep(50);
  }
  const run = async (daemon: Daemon): Promise<void> => {
    const { file, args, cwd, environment } = launchOf(world.host, spec, {
      daemon,
      docker: spec.engineAddress,
    });
    const log = openSync(join(folder, `${daemon.name}.log`), 'a');
    const marks = { BAI_DEV_ENVIRONMENT: spec.id };
    spawn(file, args, {
      cwd,
      env: { ...world.host.variables, ...environment, ...marks },
      stdio: ['ignore', log, log],
      detached: true,
    }).unref();
    while ((await askDaemon(world, { daemon, spec })) !== 'ready') await sleep(50);
  };
  const daemons = daemonsOf(world.host, spec);
  for (const daemon of daemons.filter(({ after }) => after.length === 0)) await run(daemon);
  await Promise.all(daemons.filter(({ after }) => after.length > 0).map(run));
  box.remove();
  return (performance.now() - began) / 1000;
}

function node(args: readonly string[], variables: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env: variables, stdio: 'ignore' });
    child.on('error', reject);
    child.on('exit', (exit) =>
      exit === 0 ? resolve() : reject(new Error(`${args.join(' ')} ended with ${exit ?? ''}`)),
    );
  });
}
