import type { MigrationInterface, QueryRunner } from 'typeorm';
import { rowLevelSecuritySql } from './row-level-security.js';

/**
 * One place for what was put aside so that it does not stop all others: events with fields that no column takes, as before in
 * `audit.unreadable_denials`, and messages of a broker that are none of Postern's. Nothing is ever deleted from it.
 */
export class CreateDeadLetters1764200002032 implements MigrationInterface {
  readonly name = 'CreateDeadLetters1764200002032';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit.dead_letters (
        id           uuid        PRIMARY KEY DEFAULT uuidv7(), -- the event's, where there is one: it is put aside once
        consumer     text COLLATE "C" NOT NULL,
        topic        text COLLATE "C" NOT NULL,
        partition    integer,              -- NULL with the offset: it came from the journal's own feed, or as a good message
        "offset"     bigint,
        tenant_id    text        COLLATE "C",
        reason       text        NOT NULL, -- why it was put aside; after a retry, why it still lies here
        event        jsonb,                -- the event whole, or the message as it was received:
        key          bytea,
        value        bytea,
        state        text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'settled', 'discarded')),
        put_aside_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        retried_at   timestamptz,
        retries      integer     NOT NULL DEFAULT 0
      );
      -- Lists the few that wait, oldest first, and counts them at each scrape.
      CREATE INDEX dead_letters_that_wait ON audit.dead_letters (put_aside_at, id) WHERE state = 'waiting';
      INSERT INTO audit.dead_letters (id, consumer, topic, tenant_id, reason, event, put_aside_at)
      SELECT event_id, 'audit-denials', 'postern.auth-denials.v1', tenant_id, why, event, put_aside_at
        FROM audit.unreadable_denials;
      DROP TABLE audit.unreadable_denials;
      ${rowLevelSecuritySql('dead_letters')}
      GRANT SELECT, INSERT, UPDATE ON audit.dead_letters TO postern_audit;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit.unreadable_denials (
        event_id uuid PRIMARY KEY, tenant_id text, why text NOT NULL, event jsonb NOT NULL,
        put_aside_at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      ${rowLevelSecuritySql('unreadable_denials')}
      GRANT SELECT, INSERT ON audit.unreadable_denials TO postern_audit;
      INSERT INTO audit.unreadable_denials
      SELECT id, tenant_id, reason, event, put_aside_at FROM audit.dead_letters WHERE event IS NOT NULL;
      DROP TABLE audit.dead_letters;
    `);
  }
}
