-- Who changed what: an event a row, in the journal's order (a stream's versions rise with the positions).
-- A removed SMTP user's rows stay.
CREATE TABLE audit.changes (
  position     bigint         PRIMARY KEY,
  event_id     uuid           NOT NULL,
  occurred_at  timestamptz(3) NOT NULL,
  smtp_user_id uuid,
  version      integer        NOT NULL,
  type         text COLLATE "C" NOT NULL,
  tenant_id    text COLLATE "C",           -- NULL: of no tenant; only for those who see all of them
  username     text COLLATE "C",           -- as of then; after a renaming the new one
  -- json and not jsonb where nothing is looked up: of a large batch a row then takes 28 us of the database, and not 45.
  actor        json           NOT NULL,    -- {role, keyId, name, sessionId where there was one}
  request_id   text           NOT NULL,
  data         json           NOT NULL,    -- never with a secret's hash
  before       json,                       -- what the change touched, before it; NULL: nothing was there
  after        json,                       -- and after it
  state        jsonb,                      -- the complete SMTP user after it, of every 32nd version; its members come in any order
  -- Columns of their own: `->>` is not leakproof, and row-level security would keep it out of an index.
  actor_key_id text COLLATE "C" GENERATED ALWAYS AS (actor ->> 'keyId') STORED,
  actor_name   text COLLATE "C" GENERATED ALWAYS AS (actor ->> 'name') STORED
);
-- The lists, newest first. They begin with the time, so that a period in the past is found at once.
CREATE INDEX changes_of_tenant ON audit.changes (tenant_id, occurred_at, position);
CREATE INDEX changes_of_smtp_user ON audit.changes (smtp_user_id, occurred_at, position) WHERE smtp_user_id IS NOT NULL;
CREATE INDEX changes_by_key ON audit.changes (tenant_id, actor_key_id, occurred_at, position);
CREATE INDEX changes_by_name ON audit.changes (tenant_id, actor_name, occurred_at, position);
-- Finds the state from which an earlier instant is reached by few changes.
CREATE INDEX changes_with_state ON audit.changes (smtp_user_id, occurred_at) WHERE state IS NOT NULL;
-- Finds the key of a revocation, which has its id alone.
CREATE INDEX changes_of_api_key ON audit.changes ((data ->> 'keyId')) WHERE type = 'ApiKeyIssued';

ALTER TABLE audit.changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.changes FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON audit.changes TO postern_audit USING (true);
CREATE POLICY own_tenant ON audit.changes FOR SELECT TO postern_audit_reader
  USING (tenant_id = (SELECT current_setting('postern.tenant_id', true)));
-- For backup and restore by an owner who is no superuser.
CREATE POLICY owner ON audit.changes TO CURRENT_USER USING (true);
-- Operators' and relays' keys, for operators: asked for by itself, never with a tenant's rows.
CREATE POLICY of_no_tenant ON audit.changes FOR SELECT TO postern_audit_reader
  USING (tenant_id IS NULL AND (SELECT current_setting('postern.of_no_tenant', true)) = 'yes');
GRANT SELECT, INSERT ON audit.changes TO postern_audit;
GRANT SELECT ON audit.changes TO postern_audit_reader;

-- All names that each SMTP user has had.
CREATE TABLE audit.usernames (
  tenant_id    text COLLATE "C" NOT NULL,
  username_key text COLLATE "C" NOT NULL,
  smtp_user_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, username_key, smtp_user_id)
);
-- For verify, which reads the rows of some hundred SMTP users at a time.
CREATE INDEX usernames_of_smtp_user ON audit.usernames (smtp_user_id);

ALTER TABLE audit.usernames ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.usernames FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON audit.usernames TO postern_audit USING (true);
CREATE POLICY own_tenant ON audit.usernames FOR SELECT TO postern_audit_reader
  USING (tenant_id = (SELECT current_setting('postern.tenant_id', true)));
-- For backup and restore by an owner who is no superuser.
CREATE POLICY owner ON audit.usernames TO CURRENT_USER USING (true);
GRANT SELECT, INSERT ON audit.usernames TO postern_audit;
GRANT SELECT ON audit.usernames TO postern_audit_reader;
