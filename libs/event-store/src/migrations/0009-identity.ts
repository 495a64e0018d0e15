import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What tells this journal from every other: made once, here, and kept by backups. Whoever takes events from a broker looks at it, and
 * may ask of events by their ids whether the journal has them: of what they say it sees nothing.
 */
export class Identity1764000000035 implements MigrationInterface {
  readonly name = 'Identity1764000000035';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE journal.identity (
        one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
        id      uuid    NOT NULL DEFAULT gen_random_uuid()
      );
      INSERT INTO journal.identity DEFAULT VALUES;

      -- By the index events_event_id. Runs as the owner, whose policy lets it see every tenant's events.
      CREATE FUNCTION journal.not_in_journal(event_ids uuid[]) RETURNS SETOF uuid
      LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        SELECT id FROM unnest(event_ids) id WHERE NOT EXISTS (SELECT FROM journal.events WHERE event_id = id)
      $$;
      REVOKE EXECUTE ON FUNCTION journal.not_in_journal FROM PUBLIC;

      GRANT USAGE ON SCHEMA journal TO postern_projection, postern_audit;
      GRANT SELECT ON journal.identity TO postern_feed, postern_projection, postern_audit;
      GRANT EXECUTE ON FUNCTION journal.not_in_journal TO postern_feed, postern_projection, postern_audit;
    `);
  }

  async down(): Promise<void> {
    throw new Error('The journal is not taken back: restore a backup from before it.');
  }
}
