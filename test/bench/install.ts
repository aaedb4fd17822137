// Rows about installing: bai-dev beside the way of install-dev.sh, with empty and with warm download caches.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  readdirSync,
  symlinkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { blockPorts } from '../../src/environment/ports.ts';
import { recordSchema } from '../../src/environment/record.ts';
import { render } from '../../src/environment/render.ts';
import { valuesOf } from '../../src/environment/values.ts';
import { composeText } from '../../src/halfstack/compose.ts';
import { stackOf } from '../../src/halfstack/stack.ts';
import { buildProgram, freshHome, run, type Home, type Program } from '../rig/program.ts';
import { repository } from '../rig/world.ts';
import { median, type Row } from './row.ts';

/** Runs with warm caches, of which the middle one counts; one with empty caches, for the network's sake. */
const warmRuns = 1;
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
  const ended = await run({
    program,
    home,
    args: ['delete', '-e', id, '--yes', '--no-snapshot', '--json'],
    limit: 300,
  });
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
  const root = pyenvOfItsOwn(folder);
  try {
    const text = execFileSync('bash', [join(repository, 'test/bench/script.sh'), work, id, sources.folder], {
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: join(folder, 'home'),
        PYENV_ROOT: root,
        PIP_CACHE_DIR: join(folder, 'pip-cache'),
        // whom this machine trusts; pip knows it by a variable of its own
        ...(process.env['SSL_CERT_FILE'] === undefined ? {} : { PIP_CERT: process.env['SSL_CERT_FILE'] }),
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
    execFileSync(
      'docker-compose',
      ['-f', join(sources.folder, 'docker-compose.yml'), '-p', id, 'down', '-v'],
      {
        stdio: 'ignore',
        timeout: 60_000,
      },
    );
    rmSync(work, { recursive: true, force: true });
  }
}

/** This machine's pyenv with room for virtualenvs that nobody else sees: all but its versions are links. */
function pyenvOfItsOwn(folder: string): string {
  const real = process.env['PYENV_ROOT'] ?? join(homedir(), '.pyenv');
  const root = join(folder, 'pyenv');
  if (existsSync(root)) return root;
  mkdirSync(join(root, 'versions'), { recursive: true });
  for (const name of readdirSync(real)) {
    if (name !== 'versions' && name !== 'shims') symlinkSync(join(real, name), join(root, name));
  }
  for (const version of readdirSync(join(real, 'versions')).filter((name) => /^3\.9\.\d+$/.test(name))) {
    cpSync(join(real, 'versions', version), join(root, 'versions', version), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !path.endsWith('/envs'),
    });
  }
  return root;
}

interface Sources {
  readonly folder: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** Folders of the script's trees, and what they are on the index. */
const packages: Readonly<Record<string, string>> = {
  manager: 'backend.ai-manager==21.3.32',
  agent: 'backend.ai-agent==21.3.22',
  common: 'backend.ai-common==21.3.14',
  'storage-proxy': 'backend.ai-storage-proxy==21.3.5',
  webserver: 'backend.ai-webserver==21.3.14',
  'client-py': 'backend.ai-client==21.3.11',
};

/** What held packages back that broke since 2022 (facts 11.2): without these the script cannot finish. */
const constraints = [
  ...['setuptools<81', 'protobuf>=3.19,<3.21', 'markupsafe<2.1', 'bcrypt<4.1', 'yarl<1.9'],
  'pytest-asyncio<0.19',
];

/** What the script lays down ready-made: constraints, configuration and upstream's form of the fixtures. */
function sourcesFor(home: Home, id: string, folder: string): Sources {
  const text = readFileSync(join(home.state, 'environments', id, 'record.json'), 'utf8');
  const record = recordSchema.parse(JSON.parse(text));
  const { secrets } = record;
  const spec = { ...record.spec, installPath: join(folder, 'script'), ports: blockPorts(25000) };
  const sources = join(folder, 'sources');
  const put = (path: string, content: string): void => {
    mkdirSync(dirname(join(sources, path)), { recursive: true });
    writeFileSync(join(sources, path), content);
  };
  const values = valuesOf(spec, secrets);
  put('constraints.txt', constraints.join('\n'));
  put('build-constraints.txt', 'cython<3\nsetuptools<81\n');
  put('docker-compose.yml', composeText(stackOf(spec, secrets), 'bench'));
  for (const [tree, requirement] of Object.entries(packages)) put(`${tree}.requirement`, requirement);
  for (const { template, tree, path, format } of spec.release.files) {
    if (tree !== 'manager') continue;
    put(
      `manager/${path}`,
      render(readFileSync(join(repository, 'templates', template), 'utf8'), values, format),
    );
  }
  const passwords = new Map(spec.release.accounts.map(({ email, password }) => [email, password]));
  const tables = spec.release.database.fixtures.flatMap(
    (fixture) => JSON.parse(readFileSync(join(repository, 'fixtures', fixture), 'utf8')) as Table[],
  );
  const upstream = (wanted: (table: string) => boolean): string =>
    JSON.stringify(
      Object.fromEntries(
        tables
          .filter(({ table }) => wanted(table))
          .map(({ table, rows }) => [
            table,
            // upstream's command hashes the passwords itself
            rows.map((row) =>
              'password' in row ? { ...row, password: passwords.get(String(row['email'])) } : row,
            ),
          ]),
      ),
    );
  put(
    'manager/example-keypairs.json',
    upstream((table) => table !== 'resource_presets'),
  );
  put(
    'manager/example-resource-presets.json',
    upstream((table) => table === 'resource_presets'),
  );
  put(
    'manager/dev.etcd.volumes.json',
    JSON.stringify({
      default_host: 'local:volume1',
      proxies: {
        local: {
          client_api: values['storageClientUrl'],
          manager_api: values['storageManagerUrl'],
          secret: secrets.storageManagerKey,
          ssl_verify: 'false',
        },
      },
    }),
  );
  return {
    folder: sources,
    variables: {
      BENCH_PYTHON: record.spec.python.version,
      BENCH_REDIS: `127.0.0.1:${spec.ports.redis}`,
      BENCH_REDIS_PASSWORD: secrets.redisPassword,
      BENCH_DATABASE_PASSWORD: secrets.databasePassword,
    },
  };
}

interface Table {
  readonly table: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}
