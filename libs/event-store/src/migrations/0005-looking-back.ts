import type { MigrationInterface, QueryRunner } from 'typeorm';
import { CURRENT_TENANT_SQL } from '@postern/database';

/** The directory's reader answers what stood at an earlier instant: it sees the SMTP users' streams of one tenant, no others. */
export class LookingBack1763900000005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      GRANT USAGE ON SCHEMA journal TO postern_directory_reader;
      GRANT SELECT (position, tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
         ON journal.events TO postern_directory_reader;
      CREATE POLICY own_smtp_users ON journal.events FOR SELECT TO postern_directory_reader
        USING (tenant_id = ${CURRENT_TENANT_SQL} AND starts_with(stream_id, 'smtp-user/'))`);
  }

  async down(): Promise<void> {
    throw new Error('The journal is not taken back: restore a backup from before it.');
  }
}
