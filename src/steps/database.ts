// Makes the database's schema by the release's own command, then fills it with example data, each once.
import { join } from 'node:path';
import { inSharedFolder } from '../daemons/shared.ts';
import { member, treePath, virtualenvPath } from '../environment/names.ts';
import { valuesOf } from '../environment/values.ts';
import { Failure } from '../failure.ts';
import { withPostgres, type PostgresClient } from '../halfstack/postgres.ts';
import { execute } from '../host/exec.ts';
import type { Step } from '../plan/step.ts';
import type { Resource } from '../resources/resource.ts';
import { insertRows, missingRows, readRows } from './fixtures.ts';
import type { Making } from './making.ts';

const group = 'Database and etcd';
/** The database that every server has: from it others are made and dropped. */
const maintenance = 'postgres';
/** Seconds for the release's own command, which takes about three. */
const schemaLimit = 300;

/**
 * `database:schema` and `database:fixtures`. A comment on the database is our marker, written in one transaction
 * with the data. Without it the database is ours to drop and make again; with it nothing touches it any more.
 */
export function databaseSteps(making: Making): Step<Resource>[] {
  const { spec } = making;
  const { schema, head, fixtures } = spec.release.database;
  const tree = member(spec.release.virtualenvs, schema.virtualenv, 'virtualenv').tree;
  return [
    {
      id: 'database:schema',
      title: 'schema',
      group,
      after: ['halfstack:up', `virtualenv:${schema.virtualenv}`, `configure:${tree}`],
      cost: { seconds: 4 },
      inputs: { arguments: schema.arguments, head },
      check: async () => ['schema', 'filled'].includes((await look(making)).state),
      run: async (control) => {
        const { state } = await look(making);
        if (state === 'filled' || state === 'schema') return;
        await makeEmptyDatabase(making);
        await makeSchema(making, tree);
        control.summary('schema');
      },
    },
    {
      id: 'database:fixtures',
      title: 'example data',
      group,
      after: ['database:schema'],
      inputs: fixtures,
      check: async () => (await look(making)).state === 'filled',
      run: async (control) => {
        const rows = await fill(making);
        if (rows !== undefined) control.summary(`${rows} rows of example data`);
      },
    },
  ];
}

/** `other`: something is there that is neither empty nor a whole schema. */
interface Looked {
  readonly state: 'absent' | 'empty' | 'other' | 'schema' | 'filled';
  readonly tables: number;
  readonly head: string | undefined;
}

/** What the database holds; only looks. */
async function look(making: Making): Promise<Looked> {
  const { database } = making.spec.release;
  const there = await inMaintenance(making, async (client) => {
    const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [database.name]);
    return found.rowCount !== 0;
  });
  if (!there) return { state: 'absent', tables: 0, head: undefined };
  return inDatabase(making, async (client) => {
    const { rows } = await client.query<{ tables: number; types: number; versioned: boolean }>(
      `SELECT (SELECT count(*)::int FROM pg_tables WHERE schemaname = 'public') AS tables,
              (SELECT count(*)::int FROM pg_type JOIN pg_namespace ON pg_namespace.oid = typnamespace
               WHERE nspname = 'public' AND typtype = 'e') AS types,
              to_regclass('public.alembic_version') IS NOT NULL AS versioned`,
    );
    const { tables = 0, types = 0, versioned = false } = rows[0] ?? {};
    const head = versioned
      ? (await client.query<{ version_num: string }>('SELECT version_num FROM alembic_version')).rows[0]
          ?.version_num
      : undefined;
    if (await isMarked(client)) return { state: 'filled', tables, head };
    if (tables === 0 && types === 0) return { state: 'empty', tables, head };
    // alembic's version is written last: with it everything before it was done
    const whole = isReleased(making)
      ? head === database.head && tables === database.tables
      : head !== undefined;
    return { state: whole ? 'schema' : 'other', tables, head };
  });
}

/** The release's data tells the schema of the package that was released; a repository may have gone on from there. */
function isReleased({ spec }: Making): boolean {
  const { tree } = member(spec.release.virtualenvs, spec.release.database.schema.virtualenv, 'virtualenv');
  return spec.trees[tree]?.source !== 'git';
}

/** The database exists and is empty afterwards. */
async function makeEmptyDatabase(making: Making): Promise<void> {
  await inMaintenance(making, async (client) => {
    const name = client.escapeIdentifier(making.spec.release.database.name);
    // what a killed run left behind may still be connected
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${name}`);
  });
}

async function makeSchema(making: Making, tree: string): Promise<void> {
  const { spec, secrets, world } = making;
  const { schema, head, tables } = spec.release.database;
  const command = {
    file: join(virtualenvPath(spec, schema.virtualenv), 'bin', 'python'),
    args: schema.arguments,
    cwd: treePath(spec, tree),
    environment: withoutUpstreams(world.host.variables),
    limit: schemaLimit,
    secrets: [secrets.databasePassword],
  };
  const output = await inSharedFolder(world, () => execute(world, command));
  const made = await look(making);
  if (made.state === 'schema') return;
  throw new Failure(
    'BAI-DATABASE',
    `The schema of ${spec.release.version} has ${tables} tables at revision ${head}, but its command made ${made.tables} at ${made.head ?? 'no revision'}.`,
    {
      facts: { expected: { tables, head }, made },
      lines: `${output.stdout}\n${output.stderr}`.trim().split('\n').slice(-20),
    },
  );
}

/** The number of rows that were written; undefined if the database was filled before. */
async function fill(making: Making): Promise<number | undefined> {
  const { spec, secrets, world } = making;
  const tables = readRows(world.host, spec.release.database.fixtures, valuesOf(spec, secrets));
  return inDatabase(making, async (client) => {
    await client.query('BEGIN');
    try {
      // a second bai-dev cannot be here: the environment is locked
      if (await isMarked(client)) return undefined;
      for (const table of tables) await insertRows(client, table);
      for (const table of tables) {
        const missing = await missingRows(client, table);
        if (missing.length > 0) {
          throw new Failure('BAI-DATABASE', `Table ${table.table} holds other rows than the example data.`, {
            facts: { table: table.table, missing },
          });
        }
      }
      await mark(client, spec.id);
      await client.query('COMMIT');
      return tables.reduce((sum, { rows }) => sum + rows.length, 0);
    } finally {
      await client.query('ROLLBACK').catch(() => undefined); // after a commit it does nothing
    }
  });
}

const markerStart = 'bai-dev: filled for ';

async function isMarked(client: PostgresClient): Promise<boolean> {
  const { rows } = await client.query<{ comment: string | null }>(
    `SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = current_database()`,
  );
  return rows[0]?.comment?.startsWith(markerStart) ?? false;
}

async function mark(client: PostgresClient, id: string): Promise<void> {
  const name = client.escapeIdentifier(client.database ?? '');
  await client.query(`COMMENT ON DATABASE ${name} IS ${client.escapeLiteral(markerStart + id)}`);
}

function inDatabase<T>(making: Making, use: (client: PostgresClient) => Promise<T>): Promise<T> {
  return inside(making, making.endpoints.postgres.database, use);
}

function inMaintenance<T>(making: Making, use: (client: PostgresClient) => Promise<T>): Promise<T> {
  return inside(making, maintenance, use);
}

async function inside<T>(
  { endpoints, world }: Making,
  database: string,
  use: (client: PostgresClient) => Promise<T>,
): Promise<T> {
  return withPostgres({ ...endpoints.postgres, database }, world.signal, async (client) => {
    try {
      return await use(client);
    } catch (error) {
      world.signal.throwIfAborted();
      if (error instanceof Failure || !(error instanceof Error)) throw error;
      throw new Failure('BAI-DATABASE', `The database ${database} refuses: ${error.message}.`, {
        cause: error,
        facts: { database },
      });
    }
  });
}

/** Variables by which the components' own settings would be overruled, as if they were not set. */
function withoutUpstreams(
  variables: Readonly<Record<string, string | undefined>>,
): Record<string, undefined> {
  const names = Object.keys(variables).filter((name) => name.startsWith('BACKEND_'));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}
