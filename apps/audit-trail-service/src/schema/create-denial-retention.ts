import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * From when on denials are kept, one value for all processes, and what takes away those before it. Lists show nothing
 * before `kept_from`, from the moment that it moves; months go whole once they lie before it, which costs nothing a row.
 * The totals by address stay.
 *
 * Both functions run as the owner, since only the owner may drop and delete. They refuse what is younger than half a day (a
 * clock may be off), so that no fault of their caller can empty the trail, and wait for nobody longer than a moment: DETACH … CONCURRENTLY,
 * which would wait without a lock, is not to be had beside a default partition.
 */
export class CreateDenialRetention1764200000023 implements MigrationInterface {
  readonly name = 'CreateDenialRetention1764200000023';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(KEPT_FROM);
    await runner.query(DROP_MONTH);
    await runner.query(DELETE_MONTHLESS);
    await runner.query(`
      REVOKE EXECUTE ON FUNCTION audit.drop_denial_month, audit.delete_denials_of_no_month FROM PUBLIC;
      GRANT EXECUTE ON FUNCTION audit.drop_denial_month, audit.delete_denials_of_no_month TO postern_audit`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION audit.delete_denials_of_no_month, audit.drop_denial_month`);
    await runner.query('DROP TABLE audit.denial_retention');
  }
}

const KEPT_FROM = `
  CREATE TABLE audit.denial_retention (
    only_row  boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    kept_from timestamptz NOT NULL,
    -- The latest kept_from ever: the rows of denials from before it may be gone, and with them the ids by which a repeat is known.
    dropped_before timestamptz NOT NULL
  );
  INSERT INTO audit.denial_retention (kept_from, dropped_before) VALUES ('-infinity', '-infinity');
  GRANT SELECT ON audit.denial_retention TO postern_audit, postern_audit_reader;
  GRANT UPDATE (kept_from, dropped_before) ON audit.denial_retention TO postern_audit`;

/** Drops the oldest month that ends before the bound; tells its last instant's month, as \`2026-11\`, or NULL where there is none. */
const DROP_MONTH = `
CREATE FUNCTION audit.drop_denial_month(before timestamptz) RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' SET timezone = 'UTC'
AS $$
DECLARE
  month record;
BEGIN
  IF before > now() - interval '12 hours' THEN
    RAISE EXCEPTION 'Denials of the last twelve hours are not dropped.' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT p.partition, p.ends INTO month
    FROM (SELECT c.oid::regclass AS partition,
                 substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''([^'']+)''\\)')::timestamptz AS ends
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
           WHERE i.inhparent = 'audit.denials'::regclass) p
   WHERE p.ends <= before ORDER BY p.ends LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  EXECUTE format('DROP TABLE %s', month.partition);
  RETURN to_char(month.ends - interval '1 day', 'YYYY-MM');
END $$`;

/** Of the partition without a month, which is all but empty; tells how many rows went. */
const DELETE_MONTHLESS = `
CREATE FUNCTION audit.delete_denials_of_no_month(before timestamptz, at_most integer) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s'
AS $$
DECLARE
  monthless regclass;
  deleted integer;
BEGIN
  IF before > now() - interval '12 hours' THEN
    RAISE EXCEPTION 'Denials of the last twelve hours are not deleted.' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT partdefid::regclass INTO monthless FROM pg_partitioned_table WHERE partrelid = 'audit.denials'::regclass;
  EXECUTE format('DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s WHERE occurred_at < $1 LIMIT $2))',
                 monthless, monthless) USING before, at_most;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  RETURN deleted;
END $$`;
