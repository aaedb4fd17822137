// What the environment's database holds, and whether bai-dev may fill it or even make it again.
import { valuesOf } from '../environment/values.ts';
import { member } from '../environment/names.ts';
import type { PostgresClient } from '../halfstack/postgres.ts';
import { missingRows, readRows } from './fixtures.ts';
import type { Making } from './making.ts';

/**
 * `absent`, `empty`: nothing can be lost. `half`: bai-dev began the schema, did not end it, and no row is in it.
 * `schema`: the release's tables, to be filled. `filled`: marked so, nothing touches it any more. `other`: it holds
 * something and nothing proves that bai-dev put it there.
 */
export type ContentState = 'absent' | 'empty' | 'half' | 'schema' | 'filled' | 'other';

export interface DatabaseContent {
  readonly state: ContentState;
  /** Tables of the default schema. */
  readonly tables: number;
  /** Revision of the schema, as alembic noted it. */
  readonly head: string | undefined;
  /** What would be lost, in a few words each: `12 rows in users`. */
  readonly holds: readonly string[];
}

/** Read-only. The client is connected to the database itself, which exists. */
export async function databaseContent(making: Making, client: PostgresClient): Promise<DatabaseContent> {
  const marked = await markOf(client);
  const tables = await tablesOf(client);
  const own = tables.filter(({ schema }) => schema === defaultSchema);
  const version = own.find(({ name }) => name === versionTable);
  const head =
    version &&
    (await client.query<{ version_num: string }>(`SELECT version_num FROM ${version.quoted}`)).rows[0]
      ?.version_num;
  const found = { tables: own.length, head, holds: [] };
  if (marked === 'filled') return { ...found, state: 'filled' };
  const others = await othersOf(client);
  if (tables.length === 0 && others.length === 0) return { ...found, state: 'empty' };
  const rows = await rowsOf(client, tables);
  const beyond = others.filter(({ half }) => !half).map(({ words }) => words);
  const holds = [...rows, ...beyond];
  // a record of an older version may have begun the schema without a mark
  const isBegun = marked === 'begun' || making.wasBegun?.(fixturesStep) === false;
  const whole = isReleased(making)
    ? head === making.spec.release.database.head &&
      own.length === making.spec.release.database.tables &&
      tables.length === own.length
    : head !== undefined;
  if (whole && (marked === 'begun' || holds.length === 0 || (await hasFixtures(making, client)))) {
    return { ...found, holds, state: 'schema' };
  }
  return { ...found, holds, state: isBegun && holds.length === 0 ? 'half' : 'other' };
}

export const fixturesStep = 'database:fixtures';

/** What is written to the database when its schema is begun, and in place of that when its rows are there. */
export async function markDatabase(
  client: PostgresClient,
  { id, name, mark }: { readonly id: string; readonly name: string; readonly mark: 'begun' | 'filled' },
): Promise<void> {
  const comment = client.escapeLiteral(`${markers[mark]}${id}`);
  await client.query(`COMMENT ON DATABASE ${client.escapeIdentifier(name)} IS ${comment}`);
}

/** A comment on the database: tools that dump and restore a database leave it out. */
export async function markOf(client: PostgresClient): Promise<'begun' | 'filled' | undefined> {
  const { rows } = await client.query<{ comment: string | null }>(
    `SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = current_database()`,
  );
  const comment = rows[0]?.comment ?? '';
  return (['begun', 'filled'] as const).find((mark) => comment.startsWith(markers[mark]));
}

const markers = { begun: 'bai-dev: filling for ', filled: 'bai-dev: filled for ' } as const;

const defaultSchema = 'public';
const versionTable = 'alembic_version';
/** Rows of a table are counted up to here. */
const countLimit = 100_000;

/** A catalogue as published knows its package's schema; a repository may have gone on from there. */
function isReleased({ spec }: Making): boolean {
  const { tree } = member(spec.release.virtualenvs, spec.release.database.schema.virtualenv, 'virtualenv');
  return spec.trees[tree]?.source !== 'git';
}

/** True if filling it would not change a row. */
async function hasFixtures({ spec, secrets, world }: Making, client: PostgresClient): Promise<boolean> {
  const tables = readRows(world.host, spec.release.database.fixtures, valuesOf(spec, secrets));
  for (const table of tables) if ((await missingRows(client, table)).length > 0) return false;
  return true;
}

interface Table {
  readonly schema: string;
  readonly name: string;
  readonly quoted: string;
}

/** Of all schemas but PostgreSQL's own. */
async function tablesOf(client: PostgresClient): Promise<readonly Table[]> {
  const { rows } = await client.query<Table>(
    `SELECT nspname AS schema, relname AS name, format('%I.%I', nspname, relname) AS quoted
     FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE relkind IN ('r', 'p') AND NOT relispartition AND ${notSystem} AND ${notOfExtension('pg_class')}
     ORDER BY 1, 2`,
  );
  return rows;
}

interface Other {
  readonly words: string;
  /** The release's own command may leave such a thing when it is killed. */
  readonly half: boolean;
}

/** What is no table: types, sequences and functions, and what no release makes. */
async function othersOf(client: PostgresClient): Promise<readonly Other[]> {
  const { rows } = await client.query<Other>(
    `SELECT format('schema %I', nspname) AS words, false AS half FROM pg_namespace
       WHERE ${notSystem} AND nspname <> '${defaultSchema}' AND ${notOfExtension('pg_namespace')}
     UNION ALL
     SELECT format('%s large objects', count(*)), false FROM pg_largeobject_metadata HAVING count(*) > 0
     UNION ALL
     SELECT format('view %I.%I', nspname, relname), false
       FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
       WHERE relkind IN ('v', 'm', 'f') AND ${notSystem} AND ${notOfExtension('pg_class')}
     UNION ALL
     SELECT format('sequence %I.%I', nspname, relname), true
       FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
       WHERE relkind IN ('S', 'c') AND ${notSystem} AND ${notOfExtension('pg_class')}
     UNION ALL
     SELECT format('type %I.%I', nspname, typname), true
       FROM pg_type JOIN pg_namespace ON pg_namespace.oid = typnamespace
       WHERE typtype IN ('e', 'd', 'r') AND ${notSystem} AND ${notOfExtension('pg_type')}
     UNION ALL
     SELECT format('function %I.%I', nspname, proname), true
       FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
       WHERE ${notSystem} AND ${notOfExtension('pg_proc')}`,
  );
  return rows;
}

/** The tables that hold rows, but for the revision of the schema. */
async function rowsOf(client: PostgresClient, tables: readonly Table[]): Promise<string[]> {
  const counted = tables.filter(({ schema, name }) => schema !== defaultSchema || name !== versionTable);
  if (counted.length === 0) return [];
  const queries = counted.map(
    ({ quoted }) =>
      `SELECT ${client.escapeLiteral(quoted)} AS name, count(*)::int AS rows
       FROM (SELECT FROM ${quoted} LIMIT ${countLimit + 1}) AS counted`,
  );
  const { rows } = await client.query<{ name: string; rows: number }>(queries.join(' UNION ALL '));
  return rows.flatMap(({ name, rows: count }) => {
    if (count === 0) return [];
    const many = count > countLimit ? `over ${countLimit}` : String(count);
    return [`${many} ${count === 1 ? 'row' : 'rows'} in ${name.replace(/^public\./, '')}`];
  });
}

const notSystem = `nspname !~ '^pg_' AND nspname <> 'information_schema'`;
const notOfExtension = (catalogue: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend WHERE classid = '${catalogue}'::regclass AND objid = ${catalogue}.oid AND deptype = 'e')`;
