// A third release, as a data file only: what is particular to it is the stand-in components' own.
import { createHash } from 'node:crypto';
import type * as z from 'zod';
import type { releaseSchema } from '../../src/release/release.ts';
import { standInDay, type StandIns } from './components.ts';
import type { Distribution } from './index.ts';
import type { Program } from './program.ts';

/** The release's version, and the end of an ID that means it. */
export const standInVersion = '99.01';

type ReleaseData = z.input<typeof releaseSchema>;

/** Writes release, templates and fixtures among the program's assets; `change` makes yet another release of it. */
export function putStandInRelease(
  program: Program,
  standIns: StandIns,
  change: Partial<ReleaseData> = {},
): void {
  const release = { ...releaseOf(standIns), ...change };
  // JSON is YAML
  program.put(
    `templates/releases/${release.version.replace('.', '')}.yaml`,
    JSON.stringify(release, undefined, 2),
  );
  program.put('templates/config/9901/manager.toml', managerTemplate);
  program.put('templates/config/9901/alembic.ini', '[alembic]\nsqlalchemy.url = {{databaseUrl}}\n');
  program.put('templates/config/9901/client.sh', 'export ENDPOINT={{managerUrl}} EMAIL={{email}}\n');
  program.put('fixtures/etcd/9901.json', JSON.stringify({ 'config/redis/addr': '{{redisAddress}}' }));
  program.put('fixtures/database/9901.json', JSON.stringify(rows));
}

const managerTemplate = [
  '[manager]',
  'port = {{port.manager}}',
  'num-proc = {{numProc}}',
  '[db]',
  'port = {{port.postgres}}',
  'password = {{databasePassword}}',
  '',
].join('\n');

const rows = [
  { table: 'domains', rows: [{ name: 'default', hosts: ['local:volume1'] }] },
  { table: 'users', rows: [{ email: 'admin@example.com', domain: 'default' }] },
];

export function releaseOf(standIns: StandIns): ReleaseData {
  const trees = standIns.components.map(({ tree, project, version, sdist, wheel }) => [
    tree,
    {
      folder: tree,
      repository: `https://example.com/${project}`,
      branch: standInVersion,
      ...(tree === 'client-py' ? { line: 'client', submodules: ['https://example.com/standin-pages'] } : {}),
      package: { name: project, version, ...fileOf(sdist) },
      ...(wheel === undefined
        ? {}
        : { binaries: { 'linux-x64': fileOf(wheel), 'linux-arm64': fileOf(wheel) } }),
    },
  ]);
  const etcd = 'http://0.0.0.0:23';
  const often = { interval: 1, timeout: 3, retries: 20 };
  return {
    version: standInVersion,
    title: 'Stand-in 99.01',
    released: '2022-03-01',
    supportEnds: '2099-12-31',
    python: '3.9',
    resolution: { asOf: standInDay, exceptions: {}, constraints: [], overrides: [], tools: [] },
    trees: Object.fromEntries(trees) as ReleaseData['trees'],
    virtualenvs: {
      manager: { suffix: 'manager', tree: 'manager', extras: ['test'], shares: ['common'], seconds: 1 },
      common: { suffix: 'common', tree: 'common', extras: [], seconds: 1 },
      client: { suffix: 'client', tree: 'client-py', extras: [], seconds: 1 },
    },
    components: {
      manager: { tree: 'manager', virtualenv: 'manager' },
      common: { tree: 'common', virtualenv: 'common' },
      'client-py': { tree: 'client-py', virtualenv: 'client' },
    },
    folders: ['vfolder/local'],
    files: [
      { template: 'config/9901/manager.toml', tree: 'manager', path: 'manager.toml', format: 'toml' },
      { template: 'config/9901/alembic.ini', tree: 'manager', path: 'alembic.ini', format: 'ini' },
      {
        template: 'config/9901/client.sh',
        tree: 'client-py',
        path: 'env.sh',
        format: 'shell',
        account: 'admin@example.com',
      },
    ],
    certificate: { tree: 'manager', certificate: 'ssl/cert.pem', key: 'ssl/key.pem' },
    halfstack: {
      network: 'half',
      postgres: {
        name: 'backendai-half-db',
        image: 'postgres:13.7-alpine',
        command: ['postgres', '-c', 'max_connections=64', '-c', 'fsync=off'],
        environment: { POSTGRES_PASSWORD: '{{databasePassword}}', POSTGRES_DB: '{{databaseName}}' },
        port: 5432,
        volume: { name: 'postgres-data', target: '/var/lib/postgresql/data' },
        health: { test: ['CMD-SHELL', 'pg_isready -U postgres'], ...often },
        restart: 'unless-stopped',
        bytes: 1,
      },
      redis: {
        name: 'backendai-half-redis',
        image: 'redis:6.2.7-alpine',
        port: 6379,
        volume: { name: 'redis-data', target: '/data' },
        health: { test: ['CMD', 'redis-cli', 'ping'], ...often },
        restart: 'unless-stopped',
        bytes: 1,
        password: true,
      },
      etcd: {
        name: 'backendai-half-etcd',
        image: 'quay.io/coreos/etcd:v3.5.4',
        command: [
          '/usr/local/bin/etcd',
          '--data-dir=/etcd-data',
          `--listen-client-urls=${etcd}79`,
          `--advertise-client-urls=${etcd}79`,
        ],
        port: 2379,
        volume: { name: 'etcd-data', target: '/etcd-data' },
        health: { test: ['CMD', 'etcdctl', 'endpoint', 'health'], ...often },
        restart: 'unless-stopped',
        bytes: 1,
      },
    },
    etcd: { prefix: '/standin/', fixtures: ['etcd/9901.json'] },
    database: {
      name: 'backend',
      user: 'postgres',
      schema: { virtualenv: 'manager', arguments: ['-m', 'standin_manager.schema', 'oneshot'] },
      head: 'standin1',
      tables: 3,
      fixtures: ['database/9901.json'],
    },
    client: { virtualenv: 'client', users: ['users'], agents: ['agents'], hello: ['hello'] },
    accounts: [
      { email: 'admin@example.com', password: 'example', role: 'admin', accessKey: 'A', secretKey: 'S' },
      { email: 'user@example.com', password: 'example', role: 'user', accessKey: 'UA', secretKey: 'US' },
    ],
    imageAliases: {},
    needs: { disk: 50_000_000, memory: 100_000_000 },
  };
}

function fileOf({ file, content }: Distribution): { file: string; sha256: string; bytes: number } {
  return { file, sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length };
}
