import { withSession } from '@postern/database';
import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { jsonLine, ROWS_END, writeBackup } from './backup-file.js';
import { denialMonthsOf, migrationsOf, prepareSession, sequencesOf, tablesOf, type BackupTable } from './tables.js';

/** Postern may run at the same time. Returns the number of rows of each table. @throws errors of the database and the file system, the reason of `stop`; no file is left then. */
export async function backup(
  ownerUrl: string,
  file: string,
  report: (line: string) => void,
  stop?: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  return withSession(ownerUrl, async (client) => {
    await prepareSession(client);
    const tables = await tablesOf(client);
    // One snapshot for all tables. It has no transaction id, so readers of the feed do not wait for it.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    // Before the snapshot: a rebuild replaces tables, and an older snapshot does not see a newer table's rows.
    await client.query(`LOCK TABLE ${tables.map(({ name }) => name).join(', ')} IN ACCESS SHARE MODE`);
    const rows = new Map<string, number>();
    await writeBackup(file, parts(client, tables, rows, report), stop);
    await client.query('COMMIT');
    return rows;
  });
}

async function* parts(
  client: Client,
  tables: readonly BackupTable[],
  rows: Map<string, number>,
  report: (line: string) => void,
): AsyncGenerator<Buffer | string> {
  yield jsonLine({
    format: 'postern-backup',
    formatVersion: 1,
    madeAt: new Date().toISOString(),
    ...(await journalOf(client)),
    migrations: await migrationsOf(client),
    denialMonths: await denialMonthsOf(client),
    sequences: await sequencesOf(client),
  });
  for (const table of tables) {
    yield jsonLine(table);
    const source = client.query(
      copyTo(`COPY (SELECT ${table.columns.join(', ')} FROM ${table.name}) TO STDOUT (ENCODING 'UTF8')`),
    );
    yield* source as AsyncIterable<Buffer>;
    yield `${ROWS_END}\n`;
    rows.set(table.name, source.rowCount);
    report(`${table.name}: ${source.rowCount} rows`);
  }
}

async function journalOf(client: Client): Promise<{ readonly journal: string; readonly lastXid: string }> {
  const { rows } = await client.query<{ journal: string; last: string | null }>(
    `SELECT id AS journal, (SELECT max(xid)::text FROM journal.events) AS last FROM journal.identity`,
  );
  return { journal: rows[0]?.journal ?? '', lastXid: rows[0]?.last ?? '0' };
}
