// Rows of fixtures: put into tables as PostgreSQL itself reads JSON, and looked for afterwards.
import * as z from 'zod';
import { renderData, type Values } from '../environment/render.ts';
import type { PostgresClient } from '../halfstack/postgres.ts';
import { readAsset } from '../host/assets.ts';
import type { Host } from '../world.ts';

/** Rows of one table: names of columns with values as JSON. All rows of a table name the same columns. */
export interface TableRows {
  readonly table: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

const rowsSchema = z.array(
  z.strictObject({ table: z.string(), rows: z.array(z.record(z.string(), z.json())).min(1) }),
);

/** The rows of a release's fixtures, in the order in which they can be inserted. */
export function readRows(host: Host, fixtures: readonly string[], values: Values): readonly TableRows[] {
  return fixtures.flatMap((fixture) => {
    const data: unknown = JSON.parse(readAsset(host, `fixtures/${fixture}`));
    return rowsSchema.parse(renderData(data, values));
  });
}

/** Inserts rows; one that is there already stays as it is. */
export async function insertRows(client: PostgresClient, { table, rows }: TableRows): Promise<void> {
  const name = client.escapeIdentifier(table);
  const columns = columnsOf({ table, rows })
    .map((column) => client.escapeIdentifier(column))
    .join(', ');
  await client.query(
    `INSERT INTO ${name} (${columns})
     SELECT ${columns} FROM json_populate_recordset(NULL::${name}, $1::json)
     ON CONFLICT DO NOTHING`,
    [JSON.stringify(rows)],
  );
}

/** Those of the rows that the table does not have with these very values. */
export async function missingRows(client: PostgresClient, { table, rows }: TableRows): Promise<unknown[]> {
  const result = await client.query<{ wanted: unknown }>(
    `SELECT wanted FROM jsonb_array_elements($1::jsonb) AS wanted
     WHERE NOT EXISTS (SELECT FROM ${client.escapeIdentifier(table)} AS there WHERE to_jsonb(there) @> wanted)`,
    [JSON.stringify(rows)],
  );
  return result.rows.map(({ wanted }) => wanted);
}

function columnsOf({ table, rows }: TableRows): string[] {
  const columns = Object.keys(rows[0] ?? {});
  for (const row of rows) {
    // a column that only some rows name would be NULL in the others instead of its default
    if (Object.keys(row).sort().join() !== [...columns].sort().join()) {
      throw new Error(`the fixture's rows of ${table} do not all name the same columns`);
    }
  }
  return columns;
}
