import type { MigrationInterface, QueryRunner } from 'typeorm';
import { rowLevelSecuritySql } from './row-level-security.js';

/**
 * Who changed what: an event a row, in the journal's order (a stream's versions rise with the positions).
 * A removed SMTP user's rows stay.
 */
export class CreateChanges1764200000003 implements MigrationInterface {
  readonly name = 'CreateChanges1764200000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit.changes (
        position     bigint         PRIMARY KEY,
        event_id     uuid           NOT NULL,
        occurred_at  timestamptz(3) NOT NULL,
        smtp_user_id uuid,
        version      integer        NOT NULL,
        type         text COLLATE "C" NOT NULL,
        tenant_id    text           COLLATE "C", -- NULL: of no tenant; only for those who see all of them
        username     text COLLATE "C",                       -- as of then; after a renaming the new one
        actor        jsonb          NOT NULL,    -- {role, keyId, name}
        request_id   text           NOT NULL,
        data         jsonb          NOT NULL     -- never with a secret's hash
      );
      CREATE INDEX changes_of_tenant ON audit.changes (tenant_id, position);
      CREATE INDEX changes_of_smtp_user ON audit.changes (smtp_user_id, position) WHERE smtp_user_id IS NOT NULL;
      ${rowLevelSecuritySql('changes')}
      GRANT SELECT, INSERT ON audit.changes TO postern_audit;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit.changes');
  }
}
