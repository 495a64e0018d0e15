import type { JournalId } from '@postern/contracts';
import type { DataSource } from 'typeorm';

/** As `postern_feed`, `postern_projection` or `postern_audit`. */
export async function loadJournalId(from: Pick<DataSource, 'query'>): Promise<JournalId> {
  const [row] = await from.query<{ id: JournalId }[]>('SELECT id FROM journal.identity');
  if (!row) throw new Error('The table journal.identity is empty. Restore its row from a backup of this database.');
  return row.id;
}

/** The journal has transaction ids that this cluster has not reached: new events would be read before old ones. */
export class JournalOfAnotherCluster extends Error {
  override readonly name = 'JournalOfAnotherCluster';
  constructor(
    readonly storedXid: string,
    readonly clusterXid: string,
  ) {
    super(
      `The journal has transaction ${storedXid}, but this PostgreSQL cluster has only reached ${clusterXid}: it was restored from ` +
        'another cluster’s dump. Consumers would not see new events. Run `postern backup <file>` on it, then `postern restore <file>` into ' +
        'an empty database, which brings the cluster past these ids.',
    );
  }
}

/** Call it before the first append and read. @throws `JournalOfAnotherCluster`. As `postern_feed`. */
export async function assertJournalBelongsToCluster(feed: DataSource): Promise<void> {
  const rows = await feed.query<{ stored: string; cluster: string; ahead: boolean }[]>(`
    SELECT xid::text AS stored, pg_snapshot_xmax(pg_current_snapshot())::text AS cluster,
           xid >= pg_snapshot_xmax(pg_current_snapshot()) AS ahead
      FROM journal.events ORDER BY xid DESC LIMIT 1`);
  const row = rows[0];
  if (row?.ahead === true) throw new JournalOfAnotherCluster(row.stored, row.cluster);
}
