-- Who changed what, one row per event, in the journal's order. Rows of a removed SMTP user stay.
CREATE TABLE audit.changes (
  position     bigint         PRIMARY KEY,
  event_id     uuid           NOT NULL,
  occurred_at  timestamptz(3) NOT NULL,
  smtp_user_id uuid,
  version      integer        NOT NULL,
  type         text COLLATE "C" NOT NULL,
  tenant_id    text COLLATE "C",           -- NULL: belongs to no tenant; only for those who see all tenants
  username     text COLLATE "C",           -- at that time; after a renaming the new one
  -- json, not jsonb, where nothing is searched: in a large batch a row then takes 28 us of the database, not 45.
  actor        json           NOT NULL,    -- {role, keyId, name, sessionId if there was one}
  request_id   text           NOT NULL,
  data         json           NOT NULL,    -- never with a secret's hash
  before       json,                       -- what the change touched, before it; NULL: it did not exist
  after        json,                       -- and after it
  state        jsonb,                      -- the complete SMTP user after it, for every 32nd version; its members come in any order
  -- Generated columns: `->>` is not leakproof, so row-level security would prevent an index on it.
  actor_key_id text COLLATE "C" GENERATED ALWAYS AS (actor ->> 'keyId') STORED,
  actor_name   text COLLATE "C" GENERATED ALWAYS AS (actor ->> 'name') STORED
);
-- The lists, newest first. They begin with the time, so that a past period is found at once.
CREATE INDEX changes_of_tenant ON audit.changes (tenant_id, occurred_at, position);
CREATE INDEX changes_of_smtp_user ON audit.changes (smtp_user_id, occurred_at, position) WHERE smtp_user_id IS NOT NULL;
CREATE INDEX changes_by_key ON audit.changes (tenant_id, actor_key_id, occurred_at, position);
CREATE INDEX changes_by_name ON audit.changes (tenant_id, actor_name, occurred_at, position);
-- Finds the state from which few changes lead to an earlier instant.
CREATE INDEX changes_with_state ON audit.changes (smtp_user_id, occurred_at) WHERE state IS NOT NULL;
-- Finds the key of a revocation, which has only its id.
CREATE INDEX changes_of_api_key ON audit.changes ((data ->> 'keyId')) WHERE type = 'ApiKeyIssued';

-- Keys of operators and relays, for operators: read separately, never with a tenant's rows.
CREATE POLICY of_no_tenant ON audit.changes FOR SELECT TO postern_audit_reader
  USING (tenant_id IS NULL AND (SELECT current_setting('postern.of_no_tenant', true)) = 'yes');
GRANT SELECT, INSERT ON audit.changes TO postern_audit;

CREATE TABLE audit.usernames (
  tenant_id    text COLLATE "C" NOT NULL,
  username_key text COLLATE "C" NOT NULL,
  smtp_user_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, username_key, smtp_user_id)
);
-- For verify, which reads the rows of some hundred SMTP users at a time.
CREATE INDEX usernames_of_smtp_user ON audit.usernames (smtp_user_id);

GRANT SELECT, INSERT ON audit.usernames TO postern_audit;
