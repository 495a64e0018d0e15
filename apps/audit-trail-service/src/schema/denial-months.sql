-- Creates the partition of the day's month, while everything is in use. Runs as the owner, because only the owner may
-- create tables. Rows of that month move from the default partition. The table is attached, because CREATE TABLE …
-- PARTITION OF would block every reader. The default partition is locked while it is scanned, and it is nearly empty.
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
END $$;
GRANT EXECUTE ON FUNCTION audit.prepare_denial_month TO postern_audit;

-- When the retention of denials begins, one value for all processes. Lists hide rows before kept_from at once; earlier
-- months are dropped as tables, without cost per row. The totals by address stay.
CREATE TABLE audit.denial_retention (
  only_row  boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
  kept_from timestamptz NOT NULL,
  -- The latest kept_from ever: rows from before it may be gone, and with them the ids that show a repeat.
  dropped_before timestamptz NOT NULL
);
INSERT INTO audit.denial_retention (kept_from, dropped_before) VALUES ('-infinity', '-infinity');
GRANT SELECT ON audit.denial_retention TO postern_audit, postern_audit_reader;
GRANT UPDATE (kept_from, dropped_before) ON audit.denial_retention TO postern_audit;

-- Drops the months that end before the bound (returned as 2026-11), and deletes such rows of the default partition, which
-- is nearly empty. It runs as the owner, because only the owner may drop and delete. It refuses rows younger than half a
-- day (a clock may be wrong), so that a fault of the caller cannot empty the trail. It waits for a lock only briefly:
-- DETACH … CONCURRENTLY is not possible with a default partition. If another process does it, it does nothing.
CREATE FUNCTION audit.drop_old_denials(before timestamptz, OUT months text[], OUT rows integer)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' SET timezone = 'UTC'
AS $$
DECLARE
  monthless regclass;
  month     record;
BEGIN
  months := '{}';
  rows := 0;
  IF before > now() - interval '12 hours' THEN
    RAISE EXCEPTION 'Denials of the last twelve hours are not dropped.' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT pg_try_advisory_xact_lock(8025023) THEN RETURN; END IF;

  SELECT partdefid::regclass INTO monthless FROM pg_partitioned_table WHERE partrelid = 'audit.denials'::regclass;
  EXECUTE format('DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %1$s WHERE occurred_at < $1 LIMIT 100000))',
                 monthless) USING before;
  GET DIAGNOSTICS rows = ROW_COUNT;
  FOR month IN
    SELECT p.partition, to_char(p.ends - interval '1 day', 'YYYY-MM') AS name
      FROM (SELECT c.oid::regclass AS partition,
                   substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']+)''\)')::timestamptz AS ends
              FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'audit.denials'::regclass) p
     WHERE p.ends <= before ORDER BY p.ends
  LOOP
    EXECUTE format('DROP TABLE %s', month.partition);
    months := months || month.name;
  END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION audit.drop_old_denials TO postern_audit;
