import type { Client } from 'pg';

/** The schemas of a Postern's database, with everything that it keeps. */
const SCHEMAS = ['journal', 'access', 'projection', 'audit'] as const;

/** A table as a backup has it. */
export interface BackupTable {
  /** With its schema. */
  readonly name: string;
  readonly columns: readonly string[];
}

/**
 * Every table of Postern, with the columns that are stored; one that refers to another comes after it. The partitions of a table are
 * part of it, and what the migrations have written down about themselves is left out.
 */
export async function tablesOf(client: Client): Promise<BackupTable[]> {
  const { rows } = await client.query<BackupTable>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name,
            (SELECT array_agg(quote_ident(attname) ORDER BY attnum) FROM pg_attribute
              WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS columns
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'migrations'
      ORDER BY EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid AND contype = 'f'), name`,
    [SCHEMAS],
  );
  return rows;
}

/** The migrations of each schema that the database has, in their order. */
export async function migrationsOf(client: Client): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const schema of SCHEMAS) {
    const { rows } = await client.query<{ name: string }>(`SELECT name FROM ${schema}.migrations ORDER BY id`);
    found[schema] = rows.map(({ name }) => name);
  }
  return found;
}

/** The position of each sequence that belongs to a column, by its name. */
export async function sequencesOf(client: Client): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string; last: string | null }>(
    `SELECT format('%I.%I', schemaname, sequencename) AS name, last_value::text AS last
       FROM pg_sequences WHERE schemaname = ANY ($1) AND sequencename <> 'migrations_id_seq'`,
    [SCHEMAS],
  );
  return Object.fromEntries(rows.flatMap(({ name, last }) => (last === null ? [] : [[name, last]])));
}
