import type { MigrationInterface, QueryRunner } from 'typeorm';
import { rowLevelSecuritySql } from './row-level-security.js';

/** The present restriction of each SMTP user, removed ones too, and all names that each has had. */
export class CreateSmtpUsers1764200000004 implements MigrationInterface {
  readonly name = 'CreateSmtpUsers1764200000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit.restrictions (
        smtp_user_id uuid    PRIMARY KEY,
        tenant_id    text COLLATE "C" NOT NULL,
        username     text COLLATE "C" NOT NULL,
        removed      boolean NOT NULL,
        version      integer NOT NULL, -- of the last event that was applied, and its id:
        event_id     uuid    NOT NULL, -- the same version with another id is a conflict
        state        jsonb   NOT NULL  -- SmtpUserState of @postern/restrictions
      );
      CREATE TABLE audit.usernames (
        tenant_id    text COLLATE "C" NOT NULL,
        username_key text COLLATE "C" NOT NULL,
        smtp_user_id uuid NOT NULL,
        PRIMARY KEY (tenant_id, username_key, smtp_user_id)
      );
      ${rowLevelSecuritySql('restrictions')}
      ${rowLevelSecuritySql('usernames')}
      GRANT SELECT, INSERT, UPDATE ON audit.restrictions TO postern_audit;
      GRANT SELECT, INSERT ON audit.usernames TO postern_audit;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit.usernames, audit.restrictions');
  }
}
