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
);
-- A tenant's list, newest first. A search for a part of a username reads this index and no row: a trigram index
-- would not be used at all, since LIKE is not leakproof and row-level security comes first.
CREATE INDEX smtp_users_of_tenant ON projection.smtp_users (tenant_id, created_at DESC, id DESC)
  INCLUDE (username_key) WHERE NOT removed;

ALTER TABLE projection.smtp_users ENABLE ROW LEVEL SECURITY;
ALTER TABLE projection.smtp_users FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON projection.smtp_users TO postern_projection USING (true);
CREATE POLICY own_tenant ON projection.smtp_users FOR SELECT TO postern_directory_reader
  USING (tenant_id = (SELECT current_setting('postern.tenant_id', true)));
-- For backup and restore by an owner who is no superuser.
CREATE POLICY owner ON projection.smtp_users TO CURRENT_USER USING (true);
GRANT SELECT, INSERT, UPDATE ON projection.smtp_users TO postern_projection;
GRANT SELECT ON projection.smtp_users TO postern_directory_reader;
