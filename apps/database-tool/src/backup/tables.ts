import type { Client } from 'pg';

const SCHEMAS = ['journal', 'access', 'projection', 'audit', 'logins'] as const;

export interface BackupTable {
  readonly name: string;
  readonly columns: readonly string[];
}

/** Row-level security hides rows from this login, so COPY would silently leave them out. */
class RowsHidden extends Error {
  override readonly name = 'RowsHidden';
  constructor(login: string, tables: readonly string[]) {
    super(
      `${login} does not see every row of ${tables.join(', ')}. Set POSTERN_DATABASE_URL to the owner’s URL, as for postern migrate, or to a superuser’s.`,
    );
  }
}

/** Values have the same text form, whatever the settings of the database or login, and no time-out ends the session. @throws `RowsHidden`. */
export async function prepareSession(client: Client): Promise<void> {
  await client.query(`
    SET datestyle = 'ISO, YMD'; SET intervalstyle = 'iso_8601'; SET timezone = 'UTC'; SET extra_float_digits = 1;
    SET bytea_output = 'hex'; SET row_security = on;
    SET statement_timeout = 0; SET lock_timeout = 0; SET transaction_timeout = 0; SET idle_in_transaction_session_timeout = 0`);
  const { rows } = await client.query<{ login: string; name: string }>(
    `SELECT current_user AS login, format('%I.%I', n.nspname, c.relname) AS name FROM ${TABLES} AND row_security_active(c.oid)
        AND NOT EXISTS (SELECT FROM pg_policy p, unnest(polroles) role
                         WHERE polrelid = c.oid AND polpermissive AND polcmd IN ('*', 'r') AND pg_get_expr(polqual, polrelid) = 'true'
                           AND (role = 0 OR pg_has_role(role, 'USAGE')))
      ORDER BY name`,
    [SCHEMAS],
  );
  if (rows[0])
    throw new RowsHidden(
      rows[0].login,
      rows.map(({ name }) => name),
    );
}

/** Without migrations' tables, unlogged ones, sessions and sign-in codes, which must not work again after a restore. */
const TABLES = `pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND NOT c.relispartition AND c.relname NOT IN ('migrations', 'sessions', 'sign_in_codes')`;

export async function tablesOf(client: Client): Promise<BackupTable[]> {
  const { rows } = await client.query<BackupTable>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name,
            (SELECT array_agg(quote_ident(attname) ORDER BY attnum) FROM pg_attribute
              WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS columns
       FROM ${TABLES}
      ORDER BY EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid AND contype = 'f'), name`,
    [SCHEMAS],
  );
  return rows;
}

/** Months with a partition of `audit.denials`, as their first days. */
export async function denialMonthsOf(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ month: string }>(
    `SELECT replace(substring(c.relname FROM '^denials_(\\d{4}_\\d{2})$'), '_', '-') || '-01' AS month
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'audit.denials'::regclass AND c.relname ~ '^denials_\\d{4}_\\d{2}$' ORDER BY 1`,
  );
  return rows.map(({ month }) => month);
}

export async function migrationsOf(client: Client): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const schema of SCHEMAS) {
    const { rows } = await client.query<{ name: string }>(`SELECT name FROM ${schema}.migrations ORDER BY id`);
    found[schema] = rows.map(({ name }) => name);
  }
  return found;
}

export async function sequencesOf(client: Client): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string; last: string | null }>(
    `SELECT format('%I.%I', schemaname, sequencename) AS name, last_value::text AS last
       FROM pg_sequences WHERE schemaname = ANY ($1) AND sequencename <> 'migrations_id_seq'`,
    [SCHEMAS],
  );
  return Object.fromEntries(rows.flatMap(({ name, last }) => (last === null ? [] : [[name, last]])));
}
