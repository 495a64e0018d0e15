import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A partition for each month (UTC) of `audit.denials`, and one for all that has no month, so that nothing is lost.
 * `audit.prepare_denial_month(day)` makes the month of the day, at any time and while all is in use; it runs as the
 * owner, since only the owner may make tables, and takes over what the default partition had of that month.
 */
export class CreateDenialMonths1764200000002 implements MigrationInterface {
  readonly name = 'CreateDenialMonths1764200000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(DEFAULT_PARTITION);
    await runner.query(PREPARE_MONTH);
    await runner.query('REVOKE EXECUTE ON FUNCTION audit.prepare_denial_month FROM PUBLIC');
    await runner.query('GRANT EXECUTE ON FUNCTION audit.prepare_denial_month TO postern_audit');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION audit.prepare_denial_month');
    await runner.query('DROP TABLE audit.denials_of_no_month');
  }
}

/** Nobody is granted a partition: it is reached by way of `audit.denials` and its policies alone. */
const DEFAULT_PARTITION = `
  CREATE TABLE audit.denials_of_no_month PARTITION OF audit.denials DEFAULT;
  ALTER TABLE audit.denials_of_no_month ENABLE ROW LEVEL SECURITY;
  ALTER TABLE audit.denials_of_no_month FORCE ROW LEVEL SECURITY;
  CREATE POLICY owner ON audit.denials_of_no_month TO CURRENT_USER USING (true)`;

/**
 * Attached and not made in place: \`CREATE TABLE … PARTITION OF\` would lock out every reader of all months. The default
 * partition is locked for as long as it takes to look through it, and it is all but empty.
 */
const PREPARE_MONTH = `
CREATE FUNCTION audit.prepare_denial_month(day date) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s'
AS $$
DECLARE
  month      timestamp := date_trunc('month', day::timestamp);
  partition  name := 'denials_' || to_char(month, 'YYYY_MM');
  first      timestamptz := month AT TIME ZONE 'UTC';
  after_last timestamptz := (month + interval '1 month') AT TIME ZONE 'UTC';
BEGIN
  IF EXISTS (SELECT FROM pg_class WHERE relnamespace = 'audit'::regnamespace AND relname = partition) THEN RETURN; END IF;
  -- Of two that make the same month, one waits here and then finds it. Looked up by SQL: to_regclass would answer out
  -- of a cache that waiting for this lock does not renew.
  PERFORM pg_advisory_xact_lock(hashtextextended('audit.prepare_denial_month', 8025));
  IF EXISTS (SELECT FROM pg_class WHERE relnamespace = 'audit'::regnamespace AND relname = partition) THEN RETURN; END IF;

  EXECUTE format('CREATE TABLE audit.%I (LIKE audit.denials INCLUDING ALL)', partition);
  LOCK TABLE audit.denials_of_no_month IN ACCESS EXCLUSIVE MODE;
  EXECUTE format('WITH moved AS (DELETE FROM audit.denials_of_no_month WHERE occurred_at >= $1 AND occurred_at < $2 RETURNING *)
                  INSERT INTO audit.%I SELECT * FROM moved', partition) USING first, after_last;
  EXECUTE format('ALTER TABLE audit.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', partition);
  EXECUTE format('CREATE POLICY owner ON audit.%I TO CURRENT_USER USING (true)', partition);
  EXECUTE format('ALTER TABLE audit.denials ATTACH PARTITION audit.%I FOR VALUES FROM (%L) TO (%L)', partition, first, after_last);
END $$`;
