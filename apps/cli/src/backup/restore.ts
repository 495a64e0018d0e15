import { finished } from 'node:stream/promises';
import { withSession, type SchemaComponent } from '@postern/database';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { BackupReader, BackupUnreadable, type Manifest, type Summary } from './backup-file.js';
import { tablesOf, type BackupTable } from './tables.js';

/** There is something in the database that a restore would overwrite. */
class DatabaseNotEmpty extends Error {
  override readonly name = 'DatabaseNotEmpty';
  constructor() {
    super(
      'The database is not empty: it has events or API keys. A restore overwrites nothing. Give it an empty one: another ' +
        'POSTERN_DATA_DIR, or a new database in POSTERN_DATABASE_URL.',
    );
  }
}

/** Throws `DatabaseNotEmpty`. Also for a database that no Postern has used yet. */
export async function assertEmpty(ownerUrl: string): Promise<void> {
  await withSession(ownerUrl, async (client) => {
    for (const table of ['journal.events', 'access.api_keys', 'access.tenants']) {
      const { rows: found } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
        table,
      ]);
      if (found[0]?.there !== true) continue;
      const { rows } = await client.query(`SELECT FROM ${table} LIMIT 1`);
      if (rows.length > 0) throw new DatabaseNotEmpty();
    }
  });
}

/** Throws `BackupUnreadable` where the file does not begin as a backup that this release can restore. */
export async function readManifest(file: string, components: readonly SchemaComponent[]): Promise<Manifest> {
  const reader = new BackupReader(file);
  try {
    const manifest = await reader.manifest();
    for (const { schema, migrations } of components) {
      const theirs = manifest.migrations[schema] ?? [];
      const ours = migrations.map(({ name }) => name);
      const later = theirs.filter((name) => !ours.includes(name));
      if (later.length > 0)
        throw new BackupUnreadable(
          file,
          `It was made by a later release (${later.join(', ')}): restore it by that release.`,
        );
      if (ours.length > theirs.length)
        throw new BackupUnreadable(file, 'It was made by an earlier release: restore it by that release, then update.');
    }
    return manifest;
  } finally {
    await reader.close();
  }
}

/**
 * Puts everything of the file into the database, in one transaction: all or nothing. The database must be empty and have all migrations,
 * and no Postern may use it. `tell` is given a line per table. Throws `BackupUnreadable`, or what the database throws.
 */
export async function restore(ownerUrl: string, file: string, tell: (line: string) => void): Promise<Summary> {
  const reader = new BackupReader(file);
  try {
    return await withSession(ownerUrl, async (client) => {
      await client.query('BEGIN');
      await reader.manifest();
      const known = new Map((await tablesOf(client)).map((table) => [table.name, table]));
      const rows: Record<string, number> = {};
      let next = await reader.next();
      for (; 'columns' in next; next = await reader.next()) {
        const table = known.get(next.name);
        if (!table || next.columns.some((column) => !table.columns.includes(column)))
          throw new BackupUnreadable(file, `This release has no table ${next.name} with its columns.`);
        rows[next.name] = await restoreTable(client, next, reader);
        tell(`${next.name}: ${rows[next.name]} rows`);
      }
      await reader.end();
      assertComplete(file, next, rows);
      for (const [name, last] of Object.entries(next.sequences))
        await client.query('SELECT setval($1, $2)', [name, last]);
      await client.query('COMMIT');
      return next;
    });
  } finally {
    await reader.close();
  }
}

async function restoreTable(client: Client, { name, columns }: BackupTable, reader: BackupReader): Promise<number> {
  const { rows: policies } = await client.query<{ forced: boolean }>(
    'SELECT relforcerowsecurity AS forced FROM pg_class WHERE oid = $1::regclass',
    [name],
  );
  const forced = policies[0]?.forced === true;
  // PostgreSQL has no COPY FROM for whom row-level security binds; the owner is bound where it is forced.
  if (forced) await client.query(`ALTER TABLE ${name} NO FORCE ROW LEVEL SECURITY`);
  const { rows: seeds } = await client.query(`SELECT FROM ${name} LIMIT 1`);
  if (seeds.length > 0) await client.query(`DELETE FROM ${name}`);
  const target = client.query(copyFrom(`COPY ${name} (${columns.join(', ')}) FROM STDIN (ENCODING 'UTF8')`));
  const written = finished(target);
  written.catch(() => undefined);
  const rows = await reader.copyRows(target);
  target.end();
  await written;
  if (forced) await client.query(`ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`);
  return rows;
}

function assertComplete(file: string, summary: Summary, rows: Readonly<Record<string, number>>): void {
  const wrong = Object.entries(summary.rows).find(([table, count]) => rows[table] !== count);
  if (wrong || Object.keys(rows).length !== Object.keys(summary.rows).length)
    throw new BackupUnreadable(file, `It says that ${wrong?.[0] ?? 'it'} has other rows than it has.`);
}

/**
 * Brings the cluster's transaction ids past those in the journal, which came from another cluster: the feed gives events by them. About
 * 100,000 a second. Returns how many there were to go; 0 where the cluster was past them.
 */
export async function catchUpWithXids(ownerUrl: string): Promise<bigint> {
  return withSession(ownerUrl, async (client) => {
    const { rows } = await client.query<{ behind: string }>(
      `SELECT greatest(0, coalesce(max(xid)::text::numeric, 0) - pg_snapshot_xmax(pg_current_snapshot())::text::numeric + 1)::text AS behind
         FROM journal.events`,
    );
    const behind = BigInt(rows[0]?.behind ?? 0);
    if (behind > 0n) await client.query('CALL journal.catch_up_with_restored_xids()');
    return behind;
  });
}

/** API keys that work, and those of operators among them. */
export async function countKeys(ownerUrl: string): Promise<{ readonly live: number; readonly operators: number }> {
  return withSession(ownerUrl, async (client) => {
    const { rows } = await client.query<{ live: string; operators: string }>(
      `SELECT count(*) AS live, count(*) FILTER (WHERE role = 'operator') AS operators
         FROM access.api_keys WHERE revoked_at IS NULL`,
    );
    return { live: Number(rows[0]?.live), operators: Number(rows[0]?.operators) };
  });
}
