import type { DataSource } from 'typeorm';

/** The journal holds transaction ids that this cluster has not reached: new events would come out before old ones. */
export class JournalOfAnotherCluster extends Error {
  override readonly name = 'JournalOfAnotherCluster';
  constructor(
    readonly storedXid: string,
    readonly clusterXid: string,
  ) {
    super(
      `The journal holds transaction ${storedXid}, but this PostgreSQL cluster has only come to ${clusterXid}: it was restored ` +
        'from another cluster’s dump. Consumers would not see new events. Before starting Postern, run as the owner: ' +
        'CALL journal.catch_up_with_restored_xids()   (about 100,000 ids a second; for very many, stop the server and use pg_resetwal -x).',
    );
  }
}

/** To be called before the first append and the first read of the feed. Throws `JournalOfAnotherCluster`. As `postern_feed`. */
export async function assertJournalBelongsToCluster(feed: DataSource): Promise<void> {
  const rows = await feed.query<{ stored: string; cluster: string; ahead: boolean }[]>(`
    SELECT xid::text AS stored, pg_snapshot_xmax(pg_current_snapshot())::text AS cluster,
           xid >= pg_snapshot_xmax(pg_current_snapshot()) AS ahead
      FROM journal.events ORDER BY xid DESC LIMIT 1`);
  const row = rows[0];
  if (row?.ahead === true) throw new JournalOfAnotherCluster(row.stored, row.cluster);
}
