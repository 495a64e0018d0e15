import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Tells PostgreSQL that an SMTP user belongs to one tenant. Without it the odds of both are multiplied (row-level security
 * always asks for the tenant too), and of a user with thousands of denials it expects one. A month that is made later
 * gets it by its LIKE … INCLUDING ALL.
 */
export class CreateDenialStatistics1764200002000 implements MigrationInterface {
  readonly name = 'CreateDenialStatistics1764200002000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$
      DECLARE
        partition regclass;
      BEGIN
        FOR partition IN SELECT relid FROM pg_partition_tree('audit.denials') LOOP
          EXECUTE format('CREATE STATISTICS (dependencies) ON tenant_id, smtp_user_id FROM %s', partition);
        END LOOP;
      END $$;
      ANALYZE audit.denials;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$
      DECLARE
        statistic record;
      BEGIN
        FOR statistic IN SELECT stxname FROM pg_statistic_ext
                          WHERE stxrelid IN (SELECT relid FROM pg_partition_tree('audit.denials')) LOOP
          EXECUTE format('DROP STATISTICS audit.%I', statistic.stxname);
        END LOOP;
      END $$`);
  }
}
