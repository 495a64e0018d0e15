import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * `journal.publisher_lag(categories)`: what the journal has of these categories and the publisher has not sent to the broker. A consumer
 * of topics sees no event that waits for an older transaction, so it asks here. It sees two figures, and nothing of the events.
 */
export class PublisherLag1764000000045 implements MigrationInterface {
  readonly name = 'PublisherLag1764000000045';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- By the index events_feed (xid, position), up to 100,000 events. Runs as the owner, whose policy lets it see every tenant's events.
      CREATE FUNCTION journal.publisher_lag(categories text[]) RETURNS TABLE (events integer, seconds float8)
      LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        SELECT count(*)::integer, extract(epoch FROM clock_timestamp() - min(recorded_at))::float8
          FROM (SELECT e.stream_id, e.recorded_at
                  FROM journal.events e
                 WHERE (e.xid, e.position) > (
                         SELECT coalesce(max(xid), '0'), coalesce(max(position), 0)
                           FROM journal.checkpoints WHERE consumer = 'publisher' AND source = 'journal')
                 ORDER BY e.xid, e.position LIMIT 100000) unsent
         WHERE split_part(stream_id, '/', 1) = ANY (categories)
      $$;
      REVOKE EXECUTE ON FUNCTION journal.publisher_lag FROM PUBLIC;
      GRANT EXECUTE ON FUNCTION journal.publisher_lag TO postern_projection, postern_audit`);
  }

  async down(): Promise<void> {
    throw new Error('The journal is not taken back: restore a backup from before it.');
  }
}
