-- The directory of SMTP users. A removed one stays, as the version up to which its events were applied.
CREATE TABLE projection.smtp_users (
  id           uuid PRIMARY KEY,
  tenant_id    text COLLATE "C" NOT NULL,
  username     text COLLATE "C" NOT NULL,
  username_key text COLLATE "C" NOT NULL,
  created_at   timestamptz(3) NOT NULL,
  removed      boolean NOT NULL,
  -- {mode, restricted, entries}
  restriction  jsonb NOT NULL,
  -- Of the last event that was applied, and its id: the same version with another id is a conflict.
  version      integer NOT NULL,
  event_id     uuid NOT NULL
-- Room for the next version of a row in its page: no index changes then. An event took 54 us of the database without it, and 45 with it.
) WITH (fillfactor = 60);
-- A tenant's list, newest first.
CREATE INDEX smtp_users_of_tenant ON projection.smtp_users (tenant_id, created_at DESC, id DESC)
  INCLUDE (username_key) WHERE NOT removed;

-- A search for a part of a username. pg_trgm is a trusted extension of PostgreSQL: the database's owner may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA projection;
SET LOCAL search_path = projection, public;
CREATE INDEX smtp_users_by_part_of_name ON projection.smtp_users USING gin (username_key gin_trgm_ops) WHERE NOT removed;
SET LOCAL search_path TO DEFAULT;

-- The next of the current tenant's SMTP users whose username contains `part`, in lower case, newest first, at most `most`; those
-- after the one at (after_time, after_id) if they are not null. A function, since LIKE is not leakproof: under row-level security
-- a reader's own query would not use the index. At 200,000 users of a tenant a search with a few hits takes 15 ms, and 130 without it.
CREATE FUNCTION projection.find_smtp_users(part text, after_time timestamptz, after_id uuid, most integer)
RETURNS TABLE (id uuid, created_at timestamptz) LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = projection, public, pg_temp
-- The best plan depends on the part: a common one is soon met in the list, a rare one is found in the trigrams.
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
  RETURN QUERY
    SELECT u.id, u.created_at FROM projection.smtp_users u
     WHERE u.tenant_id = current_setting('postern.tenant_id', true) AND NOT u.removed
       AND u.username_key LIKE '%' || regexp_replace(part, '([\\%_])', '\\\1', 'g') || '%'
       AND (after_time IS NULL OR (u.created_at, u.id) < (after_time, after_id))
     ORDER BY u.created_at DESC, u.id DESC LIMIT most;
END
$$;
REVOKE ALL ON FUNCTION projection.find_smtp_users FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projection.find_smtp_users TO postern_directory_reader;

ALTER TABLE projection.smtp_users ENABLE ROW LEVEL SECURITY;
ALTER TABLE projection.smtp_users FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON projection.smtp_users TO postern_projection USING (true);
CREATE POLICY own_tenant ON projection.smtp_users FOR SELECT TO postern_directory_reader
  USING (tenant_id = (SELECT current_setting('postern.tenant_id', true)));
-- For backup and restore by an owner who is no superuser.
CREATE POLICY owner ON projection.smtp_users TO CURRENT_USER USING (true);
GRANT SELECT, INSERT, UPDATE ON projection.smtp_users TO postern_projection;
GRANT SELECT ON projection.smtp_users TO postern_directory_reader;
