CREATE TABLE access.api_keys (
  id           text COLLATE "C" PRIMARY KEY,
  tenant_id    text COLLATE "C" REFERENCES access.tenants,
  role         text NOT NULL CHECK (role IN ('operator', 'admin', 'auditor', 'relay')),
  name         text NOT NULL,
  secret_hash  bytea NOT NULL,
  created_at   timestamptz(3) NOT NULL,
  revoked_at   timestamptz(3),
  last_used_at timestamptz(3),
  CHECK ((tenant_id IS NULL) = (role IN ('operator', 'relay')))
);
-- A tenant's list, newest first.
CREATE INDEX api_keys_of_tenant ON access.api_keys (tenant_id, created_at DESC, id DESC);

ALTER TABLE access.api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE access.api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON access.api_keys TO postern_command USING (tenant_id = current_setting('postern.tenant_id', true));
CREATE POLICY every_tenant ON access.api_keys TO postern_journal_writer, postern_access USING (true);
-- For backup and restore by an owner who is not a superuser.
CREATE POLICY owner ON access.api_keys TO CURRENT_USER USING (true);
-- The hash is only for authentication.
GRANT SELECT ON access.api_keys TO postern_access;
GRANT UPDATE (last_used_at) ON access.api_keys TO postern_access;
GRANT SELECT (id, tenant_id, role, name, created_at, revoked_at, last_used_at) ON access.api_keys TO postern_command;
GRANT SELECT (id, tenant_id, role, revoked_at), INSERT, UPDATE (revoked_at) ON access.api_keys TO postern_journal_writer;
