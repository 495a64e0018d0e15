import { readFile } from 'node:fs/promises';
import type { Client } from 'pg';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { ensureRoles } from './ensure-roles.js';
import { DatabaseNotUsable, withSession } from './session.js';

/** A part of the database with its own migrations: one schema, with its table `migrations`. */
export interface SchemaComponent {
  readonly schema: string;
  /** In order. A class's name ends in its 13-digit time stamp, as TypeORM requires. A released one is never edited. */
  readonly migrations: readonly (new () => MigrationInterface)[];
}

export class DatabaseNewerThanProgram extends Error {
  override readonly name = 'DatabaseNewerThanProgram';
  readonly permanent = true;
  constructor(
    readonly schema: string,
    readonly unknown: readonly string[],
  ) {
    super(
      `The schema "${schema}" is newer than this program: it has ${unknown.join(', ')}. Start a release that knows it, or restore a backup from before the update.`,
    );
  }
}

const OLDEST_SERVER = 180_000;

/** One for all schemas of a database, because components may grant rights to each other. */
const MIGRATION_LOCK = 8_025_003;

/** Creates the roles, too. Processes wait for each other. @throws `DatabaseNotUsable`, `DatabaseNewerThanProgram`, `DatabaseUnreachable`, a migration error. */
export async function migrate(ownerUrl: string, component: SchemaComponent): Promise<void> {
  await withSession(ownerUrl, refuseOldServer);
  await ensureRoles(ownerUrl);
  await withSession(ownerUrl, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${component.schema}`);
    await client.query(`REVOKE ALL ON SCHEMA ${component.schema} FROM PUBLIC`);
    await refuseNewer(client, component);
    await runMigrations(ownerUrl, component);
    // PostgreSQL lets everybody execute a new function; a schema's default privileges cannot revoke that.
    await client.query(`REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA ${component.schema} FROM PUBLIC`);
  });
}

class DatabaseNotUpToDate extends DatabaseNotUsable {
  override readonly permanent = false;
  constructor(schema: string) {
    super(
      `The schema "${schema}" is not there, or older than this program, or not for this login to see: start this release of Postern once, or run \`postern migrate\` with the owner’s POSTERN_DATABASE_URL. Either brings it up to date.`,
    );
  }
}

/** undefined_table, invalid_schema_name, and insufficient_privilege (a login for other schemas). */
const NOT_THERE = new Set(['42P01', '3F000', '42501']);

/** For programs that must not migrate. @throws `DatabaseNotUsable`, `DatabaseNewerThanProgram`, `DatabaseUnreachable`. */
export async function assertUpToDate(databaseUrl: string, component: SchemaComponent): Promise<void> {
  const { schema, migrations } = component;
  await withSession(databaseUrl, async (client) => {
    try {
      await refuseNewer(client, component);
      const { rows } = await client.query<{ name: string }>(`SELECT name FROM ${schema}.migrations`);
      const applied = new Set(rows.map((row) => row.name));
      if (migrations.some(({ name }) => !applied.has(name))) throw new DatabaseNotUpToDate(schema);
    } catch (error) {
      if (NOT_THERE.has((error as { code?: string }).code ?? '')) throw new DatabaseNotUpToDate(schema);
      throw error;
    }
  });
}

async function refuseOldServer(client: Client): Promise<void> {
  const { rows } = await client.query<{ number: number; version: string }>(
    `SELECT current_setting('server_version_num')::integer AS number, current_setting('server_version') AS version`,
  );
  if (rows[0] && rows[0].number < OLDEST_SERVER)
    throw new DatabaseNotUsable(
      `Postern needs PostgreSQL 18 or newer, and this is ${rows[0].version}. Set POSTERN_DATABASE_URL to a newer one, or leave it out to use the embedded PostgreSQL.`,
    );
}

async function refuseNewer(client: Client, { schema, migrations }: SchemaComponent): Promise<void> {
  const { rows: found } = await client.query<{ there: boolean }>(
    `SELECT to_regclass($1 || '.migrations') IS NOT NULL AS there`,
    [schema],
  );
  if (found[0]?.there !== true) return;
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM ${schema}.migrations WHERE name <> ALL ($1) ORDER BY id`,
    [migrations.map(({ name }) => name)],
  );
  const unknown = rows.map(({ name }) => name);
  if (unknown.length > 0) throw new DatabaseNewerThanProgram(schema, unknown);
}

async function runMigrations(ownerUrl: string, { schema, migrations }: SchemaComponent): Promise<void> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: ownerUrl,
    schema,
    migrations: [...migrations],
    migrationsTableName: 'migrations',
    installExtensions: false,
    logging: false,
    poolSize: 1,
    applicationName: `postern-migrate-${schema}`,
  });
  await dataSource.initialize();
  try {
    await dataSource.runMigrations({ transaction: 'each' });
  } finally {
    await dataSource.destroy();
  }
}

/** SQL files as one transaction. `name` ends in its 13-digit time stamp. The paths start from `module`, an `import.meta.url`. */
export function sqlMigration(
  name: string,
  module: string,
  parts: readonly (string | { readonly sql: string })[],
): new () => MigrationInterface {
  return class {
    static get name(): string {
      return name;
    }

    async up(runner: QueryRunner): Promise<void> {
      for (const part of parts)
        await runner.query(typeof part === 'string' ? await readFile(new URL(part, module), 'utf8') : part.sql);
    }

    async down(): Promise<void> {
      throw new Error(`${name} has no way back: restore a backup from before it.`);
    }
  };
}
