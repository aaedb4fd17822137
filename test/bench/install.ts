// Rows about installing: bai-dev beside the way of install-dev.sh, with empty and with warm download caches.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blockPorts } from '../../src/environment/ports.ts';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import { composeText } from '../../src/halfstack/compose.ts';
import { stackOf } from '../../src/halfstack/stack.ts';
import { buildProgram, freshHome, run, type Home, type Program } from '../rig/program.ts';
import { repository } from '../rig/world.ts';
import { median, type Row } from './row.ts';

/** Runs with warm caches, of which the middle one counts; with empty caches one run each, for the network's sake. */
const warmRuns = 3;
const limit = 1200;

interface Ours {
  readonly seconds: number;
  /** Filling etcd and database. */
  readonly fill: number;
}

/** Installs 21.03 by both ways, in turn: cold, then warm. Needs Docker with the images there. */
export async function installRows(): Promise<readonly Row[]> {
  const program = buildProgram();
  const home = freshHome();
  const folder = mkdtempSync(join(tmpdir(), 'bai-dev-bench-'));
  try {
    const oursCold = await ours({ program, home, id: 'bench0' });
    const sources = sourcesFor(home, 'bench0', folder);
    const again: number[] = [];
    for (let n = 0; n < 5; n += 1) again.push((await install({ program, home, id: 'bench0' })).seconds);
    await remove({ program, home, id: 'bench0' });
    const theirsCold = theirs({ folder, sources, id: 'script0' });

    const warmOurs: Ours[] = [];
    const warmTheirs: Phases[] = [];
    for (let n = 1; n <= warmRuns; n += 1) {
      warmOurs.push(await ours({ program, home, id: `bench${n}` }));
      await remove({ program, home, id: `bench${n}` });
      warmTheirs.push(theirs({ folder, sources, id: `script${n}` }));
    }
    const script = 'install-dev.sh’s way';
    return [
      {
        what: 'install 21.03, empty caches',
        ours: oursCold.seconds,
        theirs: { name: script, seconds: theirsCold.total },
        wanted: 'at most one third',
      },
      {
        what: 'install 21.03, warm caches',
        ours: median(warmOurs.map(({ seconds }) => seconds)),
        theirs: { name: script, seconds: median(warmTheirs.map(({ total }) => total)) },
        wanted: 'at most one third',
      },
      {
        what: 'fill etcd and database',
        ours: median([oursCold, ...warmOurs].map(({ fill }) => fill)),
        theirs: {
          name: 'upstream’s CLI calls',
          seconds: median([theirsCold, ...warmTheirs].map(({ fill }) => fill)),
        },
        wanted: 'at most one half',
      },
      { what: 'the same `install` again', ours: median(again), wanted: 'at most 3 s' },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
    home.remove();
    program.remove();
  }
}

interface Environment {
  readonly program: Program;
  readonly home: Home;
  readonly id: string;
}

async function install({ program, home, id }: Environment) {
  const args = ['install', '-e', id, '--release', '21.03', '--yes', '--json'];
  const ended = await run({ program, home, args, limit });
  if (ended.exit !== 0)
    throw new Error(`install ended with ${String(ended.exit)}:\n${ended.stdout}\n${ended.stderr}`);
  return ended;
}

async function ours(environment: Environment): Promise<Ours> {
  const { seconds, lines } = await install(environment);
  // the two run side by side with others: what counts is the work itself
  const fill = lines
    .filter(({ kind, step }) => kind === 'step-ended' && /^(etcd|database):/.test(String(step)))
    .reduce((sum, line) => sum + Number(line['seconds']), 0);
  return { seconds, fill };
}

async function remove({ program, home, id }: Environment): Promise<void> {
  const ended = await run({ program, home, args: ['delete', '-e', id, '--yes', '--json'], limit: 300 });
  if (ended.exit !== 0) throw new Error(`delete ended with ${String(ended.exit)}:\n${ended.stdout}`);
}

interface Phases {
  readonly total: number;
  readonly fill: number;
}

interface Script {
  readonly folder: string;
  readonly sources: Sources;
  readonly id: string;
}

/** One run of script.sh in a pyenv and with a pip cache of its own; what it made is removed. */
function theirs({ folder, sources, id }: Script): Phases {
  const work = join(folder, id);
  const root = join(folder, 'pyenv');
  try {
    const text = execFileSync('bash', [join(repository, 'test/bench/script.sh'), work, id, sources.folder], {
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: join(folder, 'home'),
        PYENV_ROOT: root,
        PIP_CACHE_DIR: join(folder, 'pip-cache'),
        SSL_CERT_FILE: process.env['SSL_CERT_FILE'] ?? '',
        ...sources.variables,
      },
      timeout: limit * 1000,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const phases = [...text.matchAll(/^phase (.+) ([\d.]+)$/gm)].map(([, name, seconds]) => ({
      name,
      seconds: Number(seconds),
    }));
    for (const { name, seconds } of phases)
      process.stderr.write(`  ${id}: ${name ?? ''} ${seconds.toFixed(1)} s\n`);
    return {
      total: phases.reduce((sum, { seconds }) => sum + seconds, 0),
      fill: phases.find(({ name }) => name === 'etcd and database')?.seconds ?? Number.NaN,
    };
  } finally {
    spawn('docker', ['compose', '-f', join(sources.folder, 'docker-compose.yml'), '-p', id, 'down', '-v'], {
      stdio: 'ignore',
    });
    rmSync(work, { recursive: true, force: true });
  }
}

interface Sources {
  readonly folder: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** What the script lays down ready-made: constraints, configuration and upstream's form of the fixtures. */
function sourcesFor(home: Home, id: string, folder: string): Sources {
  const record = JSON.parse(
    readFileSync(join(home.state, 'environments', id, 'record.json'), 'utf8'),
  ) as EnvironmentRecord;
  const ports = blockPorts(25000);
  const spec = {
    ...record.spec,
    id: 'script' as typeof record.spec.id,
    installPath: join(folder, 'script'),
    ports,
  };
  const sources = join(folder, 'sources');
  mkdirSync(join(sources, 'manager'), { recursive: true });
  const put = (path: string, content: string): void => writeFileSync(join(sources, path), content);
  put(
    'constraints.txt',
    'setuptools<81\nprotobuf>=3.19,<3.21\nmarkupsafe<2.1\nbcrypt<4.1\nyarl<1.9\npytest-asyncio<0.19\n',
  );
  put('build-constraints.txt', 'cython<3\nsetuptools<81\n');
  put('docker-compose.yml', composeText(stackOf(spec, record.secrets)));
  return { folder: sources, variables: {} };
}
