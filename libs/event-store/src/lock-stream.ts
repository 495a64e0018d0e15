import type { EntityManager } from 'typeorm';

/**
 * Holds the stream for the transaction: until it ends, nobody else appends to it. The lock is the one that
 * `journal.append` takes, and like there it takes no xid, so that `appendWithin` may follow. As `postern_journal_writer`.
 */
export async function lockStream(manager: EntityManager, streamId: string): Promise<void> {
  await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 8025))', [streamId]);
}
