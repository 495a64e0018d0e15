import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Changes tell what they touched before and after, and those of tenants and API keys are among them. Old rows could not
 * be told that, and a checkpoint that is beyond old events of tenants would never come to them: so all are recorded
 * anew, from the journal's beginning. The service is not ready before it has.
 */
export class TellBeforeAndAfter1764200001703 implements MigrationInterface {
  readonly name = 'TellBeforeAndAfter1764200001703';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      TRUNCATE audit.changes, audit.restrictions, audit.usernames;
      DELETE FROM audit.checkpoints WHERE consumer = 'audit-changes';
      ALTER TABLE audit.changes
        ADD COLUMN before jsonb, -- what the change touched as it stood; NULL: nothing stood there
        ADD COLUMN after  jsonb; -- and as it stands since
      -- Finds the key of a revocation, which has its id alone.
      CREATE INDEX changes_of_api_key ON audit.changes ((data ->> 'keyId')) WHERE type = 'ApiKeyIssued';
      -- Operators' and relays' keys, for operators: asked for by itself, never beside a tenant's rows.
      CREATE POLICY of_no_tenant ON audit.changes FOR SELECT TO postern_audit_reader
        USING (tenant_id IS NULL AND (SELECT current_setting('postern.of_no_tenant', true)) = 'yes');
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP POLICY of_no_tenant ON audit.changes;
      DROP INDEX audit.changes_of_api_key;
      ALTER TABLE audit.changes DROP COLUMN before, DROP COLUMN after;
    `);
  }
}
