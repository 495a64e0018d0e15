import { withSession } from '@postern/database';
import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { jsonLine, ROWS_END, writeBackup, type Summary } from './backup-file.js';
import { migrationsOf, sequencesOf, tablesOf } from './tables.js';

const NEW_LINE = 10;

/**
 * Writes everything that the database holds at this moment into the file; Postern may run meanwhile. `tell` is given a line per table.
 * Throws what the database or the file system throws; the file is then not complete, and a restore refuses it.
 */
export async function backup(ownerUrl: string, file: string, tell: (line: string) => void): Promise<Summary> {
  return withSession(ownerUrl, async (client) => {
    // One snapshot for all tables. It takes no transaction id, so that no reader of the feed waits for it.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const rows: Record<string, number> = {};
    const sequences = await sequencesOf(client);
    await writeBackup(file, parts(client, rows, sequences, tell));
    await client.query('COMMIT');
    return { rows, sequences };
  });
}

async function* parts(
  client: Client,
  rows: Record<string, number>,
  sequences: Summary['sequences'],
  tell: (line: string) => void,
): AsyncGenerator<Buffer | string> {
  yield jsonLine({
    format: 'postern-backup',
    formatVersion: 1,
    madeAt: new Date().toISOString(),
    journal: await journalOf(client),
    migrations: await migrationsOf(client),
  });
  for (const table of await tablesOf(client)) {
    yield jsonLine(table);
    let count = 0;
    const source = client.query(
      copyTo(`COPY (SELECT ${table.columns.join(', ')} FROM ${table.name}) TO STDOUT (ENCODING 'UTF8')`),
    );
    for await (const chunk of source as AsyncIterable<Buffer>) {
      for (let at = chunk.indexOf(NEW_LINE); at !== -1; at = chunk.indexOf(NEW_LINE, at + 1)) count += 1;
      yield chunk;
    }
    yield ROWS_END;
    rows[table.name] = count;
    tell(`${table.name}: ${count} rows`);
  }
  yield jsonLine({ rows, sequences });
}

async function journalOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>('SELECT id FROM journal.identity');
  return rows[0]?.id ?? '';
}
