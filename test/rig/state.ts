// What an install ended in, so that two can be compared: secrets, ports, paths and IDs are replaced by their names.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import type { Snapshot } from './inventory.ts';
import type { Home } from './program.ts';
import { repository } from './world.ts';

/** The record as it lies on disk; undefined if there is none. */
export function recordOf(home: Home, id: string): EnvironmentRecord | undefined {
  const path = join(home.state, 'environments', id, 'record.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as EnvironmentRecord) : undefined;
}

/** Everything that an undisturbed install would leave in the same way. */
export function endState(home: Home, id: string): Snapshot {
  const record = recordOf(home, id);
  if (record === undefined) throw new Error(`there is no record of ${id}`);
  const plain = plainer(home, record);
  const state = new Map<string, string>();
  state.set('phase', record.phase);
  for (const [step, mark] of Object.entries(record.marks)) state.set(`mark ${step}`, mark.state);
  for (const resource of record.resources) {
    const named = resource.kind === 'lease' ? { kind: 'lease' } : resource;
    state.set(`resource ${plain(JSON.stringify({ ...named, hashes: undefined }))}`, 'recorded');
    if (resource.kind === 'tree') state.set(`git ${resource.tree}`, gitState(resource.path));
    if (resource.kind === 'virtualenv')
      state.set(`virtualenv ${plain(resource.name)}`, plain(packages(resource.path)));
    if (resource.kind === 'container')
      state.set(`container ${plain(resource.name)}`, plain(container(resource.name)));
  }
  const rendered = new Set(record.resources.flatMap((one) => (one.kind === 'file' ? [one.path] : [])));
  for (const [path, text] of files(record.spec.installPath, rendered))
    state.set(`file ${plain(path)}`, plain(text));
  state.set('rows', plain(rows(record)));
  state.set('keys', plain(keys(record)));
  return state;
}

function plainer(home: Home, { spec, secrets }: EnvironmentRecord): (text: string) => string {
  const known = [
    ...Object.entries(secrets).map(([name, secret]) => [secret, `<${name}>`] as const),
    [spec.installPath, '<installPath>'] as const,
    [home.folder, '<home>'] as const,
    ...Object.entries(spec.ports).map(([name, port]) => [String(port), `<${name}>`] as const),
    [spec.id, '<id>'] as const,
  ];
  return (text) => known.reduce((result, [value, name]) => result.replaceAll(value, name), text);
}

function* files(
  folder: string,
  rendered: ReadonlySet<string>,
): Generator<readonly [path: string, text: string]> {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    const stat = lstatSync(path);
    if (['.git', '__pycache__'].includes(name) || name.endsWith('.egg-info')) continue;
    const mode = (stat.mode & 0o777).toString(8);
    if (!stat.isDirectory()) {
      // only in what we render does a number or a name stand for ours: elsewhere it is chance
      const text = rendered.has(path) ? readFileSync(path, 'utf8') : letters(hash(readFileSync(path)));
      yield [name, `${mode} ${text}`];
      continue;
    }
    yield [name, `folder ${mode}`];
    for (const [below, text] of files(path, rendered)) yield [join(name, below), text];
  }
}

function gitState(path: string): string {
  const git = (...args: readonly string[]): string => command('git', '-C', path, ...args);
  return [git('rev-parse', 'HEAD'), git('branch', '--show-current'), git('status', '--porcelain')].join(
    ' | ',
  );
}

/** Names and versions of what is installed, and where the editable parts point. */
function packages(virtualenv: string): string {
  const lib = join(virtualenv, 'lib');
  const found = readdirSync(lib).flatMap((python) => {
    const folder = join(lib, python, 'site-packages');
    return readdirSync(folder).flatMap((name) => {
      if (name.endsWith('.dist-info')) return [name];
      return name.endsWith('.pth') ? [`${name}: ${readFileSync(join(folder, name), 'utf8').trim()}`] : [];
    });
  });
  return found.sort().join('\n');
}

interface Inspected {
  readonly Config: { readonly Image: string; readonly Cmd: unknown; readonly Env: readonly string[] };
  readonly HostConfig: { readonly PortBindings: unknown; readonly RestartPolicy: unknown };
  readonly Mounts: readonly { readonly Type: string; readonly Name?: string; readonly Destination: string }[];
  readonly State: { readonly Status: string };
}

function container(name: string): string {
  const [found] = JSON.parse(command('docker', 'inspect', name)) as [Inspected];
  const mounts = found.Mounts.map(
    ({ Type, Name, Destination }) => `${Type} ${Name ?? ''} ${Destination}`,
  ).sort();
  const { Image, Cmd, Env } = found.Config;
  const { PortBindings, RestartPolicy } = found.HostConfig;
  const status = found.State.Status;
  return JSON.stringify({ Image, Cmd, Env: [...Env].sort(), PortBindings, RestartPolicy, mounts, status });
}

function rows(record: EnvironmentRecord): string {
  const { name, user } = record.spec.release.database;
  const service = `${record.spec.id}-${record.spec.release.halfstack.postgres.name}-1`;
  const psql = (sql: string): string =>
    record.spec.engine === 'native'
      ? askNative(record, 'rows', sql)
      : command('docker', 'exec', service, 'psql', '-h', '127.0.0.1', '-U', user, '-d', name, '-Atc', sql);
  const tables = psql("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").split('\n');
  const columns = (table: string): string =>
    psql(`SELECT to_jsonb(t)::text FROM "${table}" AS t`)
      .split('\n')
      .map((row) => row.replace(/"\d{4}-\d\d-\d\dT[^"]*"/g, '"<time>"'))
      .sort()
      .join('\n');
  return tables.map((table) => `${table}: ${hash(columns(table))}`).join('\n');
}

function keys(record: EnvironmentRecord): string {
  if (record.spec.engine === 'native') return askNative(record, 'keys');
  const service = `${record.spec.id}-${record.spec.release.halfstack.etcd.name}-1`;
  return command('docker', 'exec', service, 'etcdctl', 'get', '--prefix', '/');
}

/** Asked by a program of its own, as these answers are waited for: no client of PostgreSQL or etcd is needed here. */
const asking = `
import pg from 'pg';
const [what, address, sql] = process.argv.slice(1);
if (what === 'rows') {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  const { rows } = await client.query({ text: sql, rowMode: 'array' });
  await client.end();
  console.log(rows.map(([value]) => value).join('\\n'));
} else {
  const [key, range_end] = ['/', '0'].map((text) => Buffer.from(text).toString('base64'));
  const answer = await fetch(address, { method: 'POST', body: JSON.stringify({ key, range_end }) });
  const { kvs = [] } = await answer.json();
  const text = (code) => Buffer.from(code ?? '', 'base64').toString();
  console.log(kvs.map(({ key, value }) => text(key) + '\\n' + text(value)).join('\\n'));
}
`;

function askNative({ spec, secrets }: EnvironmentRecord, what: 'rows' | 'keys', sql = ''): string {
  const { name, user } = spec.release.database;
  const database = `postgres://${user}:${encodeURIComponent(secrets.databasePassword)}@127.0.0.1:${spec.ports.postgres}/${name}`;
  const etcd = `http://127.0.0.1:${spec.ports.etcd}/v3/kv/range`;
  const address = what === 'rows' ? database : etcd;
  return command(process.execPath, '--input-type=module', '-e', asking, what, address, sql);
}

/** A hash without digits, so that no port is found in it. */
function letters(hexadecimal: string): string {
  return hexadecimal.replace(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit)));
}

function hash(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function command(file: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(file, args, {
    ...{ cwd: repository, encoding: 'utf8', timeout: 60_000 },
  });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

/** Inodes of what was made, by resource: a thing that was made again has another one. */
export function identities({ resources, spec }: EnvironmentRecord): Snapshot {
  const found = resources.flatMap((resource) => {
    if (!('path' in resource) || resource.kind === 'folder') return [];
    const stat = lstatSync(resource.path, { throwIfNoEntry: false });
    return stat === undefined
      ? []
      : [[`${resource.kind} ${relative(spec.installPath, resource.path)}`, `${stat.ino}`] as const];
  });
  return new Map(found);
}
