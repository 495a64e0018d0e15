-- The command-service writes these tables in the transaction of the event, so they are always current. Every service
-- reads keys and tenants to authenticate.
GRANT USAGE ON SCHEMA access TO postern_command, postern_journal_writer, postern_access;

CREATE TABLE access.tenants (
  tenant_id  text COLLATE "C" PRIMARY KEY,
  name       text NOT NULL,
  created_at timestamptz(3) NOT NULL
);

ALTER TABLE access.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE access.tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON access.tenants TO postern_command USING (tenant_id = current_setting('postern.tenant_id', true));
CREATE POLICY every_tenant ON access.tenants TO postern_journal_writer, postern_access USING (true);
-- For backup and restore by an owner who is not a superuser.
CREATE POLICY owner ON access.tenants TO CURRENT_USER USING (true);
GRANT SELECT ON access.tenants TO postern_command, postern_access;
GRANT SELECT, INSERT ON access.tenants TO postern_journal_writer;
