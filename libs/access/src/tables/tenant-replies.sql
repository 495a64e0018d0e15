-- What relays answer to a denied login, for tenants that ever changed it.
CREATE TABLE access.tenant_replies (
  tenant_id text COLLATE "C" PRIMARY KEY REFERENCES access.tenants,
  -- {text, helpUrl, opaque}
  reply     json    NOT NULL,
  -- Of the tenant's last event.
  version   integer NOT NULL,
  -- Rises with each change of a row, in commit order: streams of relays send what is newer than their last one.
  revision  bigint  NOT NULL
);
CREATE UNIQUE INDEX tenant_replies_by_revision ON access.tenant_replies (revision);

ALTER TABLE access.tenant_replies ENABLE ROW LEVEL SECURITY;
ALTER TABLE access.tenant_replies FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON access.tenant_replies TO postern_command USING (tenant_id = current_setting('postern.tenant_id', true));
CREATE POLICY every_tenant ON access.tenant_replies TO postern_journal_writer USING (true);
CREATE POLICY every_tenant_to_read ON access.tenant_replies FOR SELECT TO postern_access USING (true);
-- For backup and restore by an owner who is not a superuser.
CREATE POLICY owner ON access.tenant_replies TO CURRENT_USER USING (true);
GRANT SELECT ON access.tenant_replies TO postern_command, postern_access;
GRANT SELECT, INSERT, UPDATE (reply, version, revision) ON access.tenant_replies TO postern_journal_writer;
