// Changing over between two halfstacks, looking at them and removing them, beside compose on two stacks that it made
// from copies of the same files.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStage } from '../rig/stage.ts';
import { recordOf } from '../rig/state.ts';
import { inTurn, median, timed, type Row } from './row.ts';

/** Warm, halfstacks only: `switch` there and back beside `docker compose stop` and `up -d --wait`; list and delete. */
export async function switchRows(): Promise<readonly Row[]> {
  const stage = await openStage();
  const home = stage.home();
  const ids = [stage.id('swa'), stage.id('swb')] as const;
  const stacks = [stage.id('coa'), stage.id('cob')] as const;
  const compose = (project: string, ...args: readonly string[]): void => {
    const file = join(home.folder, `${project}.yml`);
    execFileSync('docker', ['compose', '-p', project, '-f', file, ...args], { stdio: 'ignore' });
  };
  const checked = async (...args: readonly string[]): Promise<void> => {
    const ended = await stage.run(home, args, { limit: 110 });
    if (ended.exit !== 0) throw new Error(ended.stdout + ended.stderr);
  };
  try {
    for (const [at, id] of ids.entries()) {
      await checked(...stage.install(id));
      const { installPath, ports } = recordOf(home, id)!.spec;
      const project = stacks[at]!;
      // the same stack under another name, on ports beside the environment's own
      const text = [ports.postgres, ports.redis, ports.etcd].reduce(
        (file, port) => file.replaceAll(`:${port}:`, `:${port + 100}:`),
        readFileSync(join(installPath, `docker-compose.halfstack.${id}.yml`), 'utf8').replaceAll(id, project),
      );
      writeFileSync(join(home.folder, `${project}.yml`), text);
      compose(project, 'up', '-d', '--wait');
      compose(project, 'stop');
    }
    compose(stacks[0], 'up', '-d', '--wait');
    await checked('switch', ids[0]);
    const [ours, theirs] = await inTurn(4, [
      async () => {
        await checked('switch', ids[1]);
        await checked('switch', ids[0]);
      },
      () => {
        compose(stacks[0], 'stop');
        compose(stacks[1], 'up', '-d', '--wait');
        compose(stacks[1], 'stop');
        compose(stacks[0], 'up', '-d', '--wait');
        return Promise.resolve();
      },
    ]);
    const [listed, asked] = await inTurn(10, [
      () => checked('list'),
      () => {
        execFileSync('docker', ['compose', 'ls', '--all'], { stdio: 'ignore' });
        return Promise.resolve();
      },
    ]);
    const name = '`docker compose stop` and `up -d --wait`';
    const removals: [number[], number[]] = [[], []];
    for (const [at, id] of ids.entries()) {
      removals[0].push(await timed(() => checked('delete', '-e', id, '--yes', '--no-snapshot')));
      const down = (): Promise<void> => {
        compose(stacks[at]!, 'down', '-v');
        return Promise.resolve();
      };
      removals[1].push(await timed(down));
    }
    return [
      {
        what: '`bai-dev list`, the same stacks',
        ours: listed,
        theirs: { name: '`docker compose ls --all`', seconds: asked },
        wanted: 'told only: it looks at servers, sources and ports too',
      },
      {
        what: '`bai-dev delete`, repositories and virtualenvs too',
        ours: median(removals[0]),
        theirs: { name: '`docker compose down -v`', seconds: median(removals[1]) },
        wanted: 'told only: it does more',
      },
      {
        what: '`bai-dev switch`, there and back',
        ours,
        theirs: { name, seconds: theirs },
        wanted: 'at most 0.8',
      },
    ];
  } finally {
    await stage.close();
  }
}
