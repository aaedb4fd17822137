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
import {
  databaseContent,
  fixturesStep,
  markDatabase,
  markOf,
  type ContentState,
  type DatabaseContent,
} from './content.ts';
import { insertRows, missingRows, readRows } from './fixtures.ts';
import { foreignData } from './foreign.ts';
import type { Making } from './making.ts';

const group = 'Database and etcd';
/** The database that every server has: from it others are made and dropped. */
const maintenance = 'postgres';
/** Seconds for the release's own command, which takes about three. */
const schemaLimit = 300;

/**
 * `database:schema` and `database:fixtures`. A comment on the database is the mark, written before the schema is begun
 * and changed in one transaction with the data; from then on nothing touches the database any more. Without a mark it
 * is filled only if it is empty: a mark that is missing proves nothing.
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
      check: async () => ['schema', 'filled'].includes((await fillable(making)).state),
      run: async (control) => {
        const { state } = await fillable(making);
        if (state === 'filled' || state === 'schema') return;
        if (state === 'other') {
          await adopt(making);
          control.summary('database kept as it is');
          return;
        }
        await beginDatabase(making, state);
        await makeSchema(making, tree);
        control.summary('schema');
      },
    },
    {
      id: fixturesStep,
      title: 'example data',
      group,
      after: ['database:schema'],
      inputs: fixtures,
      check: async () => (await look(making)).state === 'filled',
      run: async (control) => {
        await fillable(making);
        const rows = await fill(making);
        if (rows !== undefined) control.summary(`${rows} rows of example data`);
      },
    },
  ];
}

/** What the database holds. Read-only. */
async function look(making: Making): Promise<DatabaseContent> {
  const { database } = making.spec.release;
  const there = await inMaintenance(making, async (client) => {
    const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [database.name]);
    return found.rowCount !== 0;
  });
  if (!there) return { state: 'absent', tables: 0, head: undefined, holds: [] };
  return inDatabase(making, (client) => databaseContent(making, client));
}

/** The same, but `BAI-CONFLICT-DATA` for what is not provably bai-dev's, unless the user wants it kept as it is. */
async function fillable(making: Making): Promise<DatabaseContent> {
  const content = await look(making);
  if (content.state !== 'other' || making.adopt === true) return content;
  const { tables, head, holds } = content;
  const revision = head === undefined ? 'no revision' : `revision ${head}`;
  throw foreignData(making.spec, {
    store: 'database',
    lost: "A dump that was restored by PostgreSQL's own tools loses that mark, which is a comment on the database.",
    holds: [`${tables} ${tables === 1 ? 'table' : 'tables'} at ${revision}`, ...holds],
  });
}

/** The database is empty afterwards, and says that its schema is begun: only then is it ever dropped again. */
async function beginDatabase(making: Making, state: ContentState): Promise<void> {
  const { id, release } = making.spec;
  await inMaintenance(making, async (client) => {
    const name = client.escapeIdentifier(release.database.name);
    // what a killed run left behind may still be connected
    if (state === 'half') await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
    if (state !== 'empty') await client.query(`CREATE DATABASE ${name}`);
    await markDatabase(client, { id, name: release.database.name, mark: 'begun' });
  });
}

/** What is there stays as it is, and counts as filled. */
async function adopt(making: Making): Promise<void> {
  const { id, release } = making.spec;
  await inMaintenance(making, (client) =>
    markDatabase(client, { id, name: release.database.name, mark: 'filled' }),
  );
}

async function makeSchema(making: Making, tree: string): Promise<void> {
  const { spec, secrets, world } = making;
  const { schema, head, tables } = spec.release.database;
  const command = {
    file: join(virtualenvPath(spec, schema.virtualenv), 'bin', 'python'),
    args: schema.arguments,
    cwd: treePath(spec, tree),
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
      if ((await markOf(client)) === 'filled') return undefined;
      for (const table of tables) {
        if ((await missingRows(client, table)).length > 0) await insertRows(client, table);
      }
      for (const table of tables) {
        const missing = await missingRows(client, table);
        if (missing.length > 0) {
          throw new Failure('BAI-DATABASE', `Table ${table.table} holds other rows than the example data.`, {
            facts: { table: table.table, missing },
          });
        }
      }
      await markDatabase(client, { id: spec.id, name: spec.release.database.name, mark: 'filled' });
      await client.query('COMMIT');
      return tables.reduce((sum, { rows }) => sum + rows.length, 0);
    } finally {
      await client.query('ROLLBACK').catch(() => undefined); // after a commit it does nothing
    }
  });
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
