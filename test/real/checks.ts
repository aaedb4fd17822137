// What must hold of an environment of any real release; the files beside this one say of which.
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DeleteResult } from '../../src/operations/delete.ts';
import type { Guide } from '../../src/operations/guide.ts';
import {
  belongings,
  containerFacts,
  difference,
  dockerThings,
  snapshot,
  type Snapshot,
} from '../rig/inventory.ts';
import { recordOf } from '../rig/state.ts';
import { linkedOf, type workStates } from '../rig/work.ts';
import { refuseAllWork, refuseWork, repositories, type Workplace } from '../rig/workplace.ts';
import {
  answering,
  client,
  endByHand,
  python,
  startByHand,
  virtualenvBin,
  type ByHand,
  type RealRelease,
} from './environment.ts';

export interface Real {
  readonly opened: () => RealRelease;
  /** What the manager says of itself. */
  readonly version: string;
  /** The agent is started too. One at a time can be, on one Docker engine. */
  readonly agent: boolean;
  /** The states of work in its repositories for which it is to refuse to be deleted; none by default. */
  readonly work?: typeof workStates;
}

/** Installs, uses by hand as the guide says, looks again, deletes. */
export function checkRelease({ opened, version, agent, work: states = [] }: Real): void {
  let id: string;
  let guide: Guide;
  let before: Snapshot;
  const servers: ByHand[] = [];
  const tree = (name: string): string => join(guide.installPath, name);
  const remove: Workplace['remove'] = (...more) =>
    opened().run(['delete', '-e', id, '--yes', '--no-snapshot', ...more]);
  const place = (): Workplace => ({ trees: repositories.map(tree), remove });

  beforeAll(async () => {
    const release = opened();
    id = release.id('real');
    before = belongings(release.home);
    await release.install(id);
    guide = await release.guide(id);
  }, 620_000);

  afterAll(async () => {
    for (const server of servers) await endByHand(server);
  });

  it('makes every step, and each repository clean', () => {
    const record = recordOf(opened().home, id);
    expect(record?.phase).toBe('ready');
    expect(new Set(Object.values(record?.marks ?? {}).map(({ state }) => state))).toEqual(new Set(['done']));
    expect(work()).toEqual([]);
  });

  it('does nothing the second time', async () => {
    const { home, install } = opened();
    const everything = (): Snapshot => {
      const found = new Map(snapshot(home.folder, { times: true, ignore: ['home/.cache/bai-dev/uv'] }));
      containerFacts(id).forEach((fact, at) => found.set(`container ${at}`, fact));
      return found;
    };
    const untouched = everything();
    const ended = await install(id);
    expect(ended.envelope).toMatchObject({ ok: true, result: { outcome: 'unchanged' } });
    expect(difference(untouched, everything())).toEqual([]);
  });

  it('shares common and the client as they lie in their trees', () => {
    const { home } = opened();
    const marker = `bai_dev_marker_${id.replaceAll('-', '_')}`;
    const source = join(tree('common'), 'src/ai/backend/common/__init__.py');
    appendFileSync(source, `\n${marker} = 42\n`);
    try {
      for (const name of ['manager', 'agent', 'storage-proxy', 'common']) {
        const said = python(home, tree(name), ['-c', `import ai.backend.common as c; print(c.${marker})`]);
        expect(said.trim(), name).toBe('42');
      }
    } finally {
      execFileSync('git', ['-C', tree('common'), 'checkout', '--quiet', '--', 'src']);
    }
    const where = python(home, tree('webserver'), ['-c', 'import ai.backend.client as c; print(c.__file__)']);
    expect(where.startsWith(tree('client-py'))).toBe(true);
  });

  it('has packages that agree, but for upstream’s own pins', () => {
    const { home } = opened();
    for (const name of repositories) {
      const { stdout } = spawnSync(join(virtualenvBin(home, tree(name)), 'python'), ['-m', 'pip', 'check'], {
        encoding: 'utf8',
        env: { ...home.variables },
        timeout: 60_000,
      });
      const pins = {
        // agent 21.9.8, the last that works with the managers of 21.09, names one common; all share the newer tree
        agent: 'backend.ai-common==21.9.7',
        'storage-proxy': 'backend.ai-common',
        webserver: 'backend.ai-client',
      }[name];
      const complaints = stdout.split('\n').filter((line) => / (requires|has requirement) /.test(line));
      expect(
        complaints.filter((line) => pins === undefined || !line.includes(pins)),
        name,
      ).toEqual([]);
    }
  });

  it('runs the servers by the guide’s own commands', { timeout: 240_000 }, async () => {
    const { home } = opened();
    const begin = (component: string): ByHand => {
      const daemon = guide.daemons.find((one) => one.component === component);
      if (daemon === undefined) throw new Error(`the guide names no ${component}`);
      const server = startByHand(home, daemon);
      servers.push(server);
      return server;
    };
    const said = await answering(guide.urls.manager, [200], begin('manager'));
    expect(JSON.parse(said)).toMatchObject({ manager: version });
    const { ports } = recordOf(home, id)?.spec ?? {};
    await answering(`https://127.0.0.1:${ports?.storageManager ?? 0}/`, [403], begin('storage-proxy'));
    const web = begin('webserver');
    await answering(guide.urls.web, [200], web);
    expect(JSON.parse(await answering(`${guide.urls.web}/func/`, [200], web))).toMatchObject({
      manager: version,
    });
    const users = client(home, guide, guide.client.users);
    for (const { email } of guide.accounts) expect(users).toContain(email);
  });

  if (agent) {
    it('has an agent that registers with the manager', { timeout: 180_000 }, async () => {
      const { home } = opened();
      const daemon = guide.daemons.find(({ component }) => component === 'agent');
      if (daemon === undefined) throw new Error('the guide names no agent');
      servers.push(startByHand(home, daemon));
      await expect
        .poll(() => client(home, guide, guide.client.agents), { timeout: 120_000, interval: 2000 })
        .toContain('ALIVE');
      // refused where there is no image of a kernel; either way nothing of it may be left in the end
      if (guide.client.hello !== undefined) client(home, guide, guide.client.hello);
    });
  }

  it('leaves the repositories clean after the servers ran', async () => {
    for (const server of servers.splice(0).reverse()) await endByHand(server);
    expect(work()).toEqual([]);
  });

  if (states.length > 0) {
    it('is not deleted while there is work in its repositories', { timeout: 600_000 }, async () => {
      for (const state of states) await refuseWork(place(), state);
      expect(recordOf(opened().home, id)?.phase).toBe('ready');
    });

    it('gives all work back after delete was forced', { timeout: 180_000 }, async () => {
      const comesBack = await refuseAllWork(place());
      const ended = await remove('--force');
      expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
      const [result] = ended.envelope?.result as unknown as DeleteResult[];
      const { command, folder } = result!.rescued!;
      const back = join(opened().home.folder, `back-${id}`);
      comesBack(command, back);
      // what stays on purpose: the work that was saved, and the worktrees elsewhere, here beside the trees
      for (const path of [back, folder, ...repositories.map(tree).map(linkedOf)])
        rmSync(path, { recursive: true });
      for (const path of [folder, tree('manager')]) removeEmpty(dirname(path));
    });
  }

  it('is gone after delete, with all that was there before as it was', { timeout: 180_000 }, async () => {
    const { home } = opened();
    // it is gone already where delete had to be forced
    if (states.length === 0) {
      const ended = await remove();
      expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
    }
    expect(dockerThings(id)).toEqual({ containers: [], volumes: [], networks: [] });
    expect(difference(before, belongings(home))).toEqual([]);
  });

  /** What `git status` tells of any tree. */
  function work(): string[] {
    return repositories.flatMap((name) =>
      execFileSync('git', ['-C', tree(name), 'status', '--porcelain'], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => `${name}: ${line}`),
    );
  }
}

/** A folder with nothing in it, and those around it. */
function removeEmpty(folder: string): void {
  if (readdirSync(folder).length > 0) return;
  rmdirSync(folder);
  removeEmpty(dirname(folder));
}
