import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { withSession } from '@postern/database';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { BackupUnreadable, readBackup } from './backup-file.js';
import { prepareSession, tablesOf, type BackupTable } from './tables.js';

class DatabaseNotEmpty extends Error {
  override readonly name = 'DatabaseNotEmpty';
  constructor() {
    super(
      'The database is not empty: it has events, tenants or API keys. A restore overwrites nothing. Give it an empty one: another ' +
        'POSTERN_DATA_DIR, or a new database in POSTERN_DATABASE_URL.',
    );
  }
}

export async function assertEmpty(client: Client): Promise<void> {
  for (const table of ['journal.events', 'access.api_keys', 'access.tenants']) {
    const { rows: found } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
      table,
    ]);
    if (found[0]?.there !== true) continue;
    const { rows } = await client.query(`SELECT FROM ${table} LIMIT 1`);
    if (rows.length > 0) throw new DatabaseNotEmpty();
  }
}

/**
 * In one transaction. Before it, the cluster's transaction ids are advanced past those of the journal, because the feed is ordered by them. The
 * database must be empty, with all migrations, and no Postern may use it. Returns the number of rows of each table.
 * @throws `BackupUnreadable`, `DatabaseNotEmpty`, `RowsHidden`, errors of the database, the reason of `stop`.
 */
export async function restore(
  ownerUrl: string,
  file: string,
  report: (line: string) => void,
  stop?: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  return withSession(ownerUrl, async (client) => {
    await prepareSession(client);
    await assertEmpty(client);
    const known = new Map((await tablesOf(client)).map((table) => [table.name, table]));
    const rows = new Map<string, number>();
    const { sequences } = await readBackup(
      file,
      async ({ lastXid, denialMonths }) => {
        await useUpXids(client, BigInt(lastXid), report, stop);
        await client.query('BEGIN');
        // Otherwise their rows would stay in the default partition, and retention could not drop them by month.
        for (const month of denialMonths) await client.query('SELECT audit.prepare_denial_month($1)', [month]);
      },
      async (table, lines) => {
        const { columns = [] } = known.get(table.name) ?? {};
        if (table.columns.some((column) => !columns.includes(column)))
          throw new BackupUnreadable(`This release has no table ${table.name} with its columns.`);
        const count = await restoreTable(client, table, lines);
        rows.set(table.name, count);
        report(`${table.name}: ${count} rows`);
      },
      stop,
    );
    for (const [name, last] of Object.entries(sequences)) await client.query('SELECT setval($1, $2)', [name, last]);
    await client.query('COMMIT');
    return rows;
  });
}

async function restoreTable(
  client: Client,
  { name, columns }: BackupTable,
  lines: AsyncIterable<Buffer>,
): Promise<number> {
  const { rows: policies } = await client.query<{ forced: boolean }>(
    'SELECT relforcerowsecurity AS forced FROM pg_class WHERE oid = $1::regclass',
    [name],
  );
  const forced = policies[0]?.forced === true;
  // PostgreSQL refuses COPY FROM under row-level security, which is forced on the owner too.
  if (forced) await client.query(`ALTER TABLE ${name} NO FORCE ROW LEVEL SECURITY`);
  const { rows: seeds } = await client.query(`SELECT FROM ${name} LIMIT 1`);
  if (seeds.length > 0) await client.query(`DELETE FROM ${name}`);
  const target = client.query(copyFrom(`COPY ${name} (${columns.join(', ')}) FROM STDIN (ENCODING 'UTF8')`));
  await pipeline(Readable.from(lines), target);
  if (forced) await client.query(`ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`);
  return target.rowCount;
}

/** A block takes a moment, so that a restore can be interrupted between two blocks. */
const XIDS_AT_ONCE = 200_000;
const XIDS_PER_SECOND = 100_000;

async function useUpXids(
  client: Client,
  last: bigint,
  report: (line: string) => void,
  stop?: AbortSignal,
): Promise<void> {
  const first = await behind(client, last);
  report(
    first === 0n
      ? 'Transaction ids: those of the cluster are above those of the journal'
      : `Transaction ids: raising those of the cluster by ${first}, above those of the journal; about ${first / BigInt(XIDS_PER_SECOND) + 1n} s`,
  );
  await client.query('SET synchronous_commit = off');
  while ((await behind(client, last)) > 0n) {
    stop?.throwIfAborted();
    await client.query(`DO $$ BEGIN
      FOR n IN 1..${XIDS_AT_ONCE} LOOP
        EXIT WHEN pg_current_xact_id() > '${last}'::xid8;
        COMMIT;
      END LOOP;
    END $$`);
  }
  await client.query('SET synchronous_commit = on');
}

async function behind(client: Client, last: bigint): Promise<bigint> {
  const { rows } = await client.query<{ next: string }>('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next');
  const missing = last - BigInt(rows[0]?.next ?? 0) + 1n;
  return missing > 0n ? missing : 0n;
}
