-- Username ownership. A released username stays, so that a late denial still finds its user.
CREATE TABLE access.usernames (
  username_key text COLLATE "C" NOT NULL,
  tenant_id    text COLLATE "C" NOT NULL REFERENCES access.tenants,
  smtp_user_id uuid NOT NULL,
  claimed_at   timestamptz(3) NOT NULL,
  released_at  timestamptz(3)
);
CREATE UNIQUE INDEX username_unique ON access.usernames (username_key) WHERE released_at IS NULL;
-- Finds the user of a denial: the last owner of the name.
CREATE INDEX usernames_by_key ON access.usernames (username_key, claimed_at DESC);
-- Releases the name of a renamed or removed user.
CREATE INDEX usernames_of_user ON access.usernames (smtp_user_id) WHERE released_at IS NULL;

ALTER TABLE access.usernames ENABLE ROW LEVEL SECURITY;
ALTER TABLE access.usernames FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON access.usernames TO postern_command USING (tenant_id = current_setting('postern.tenant_id', true));
CREATE POLICY every_tenant ON access.usernames TO postern_journal_writer, postern_access USING (true);
-- For backup and restore by an owner who is not a superuser.
CREATE POLICY owner ON access.usernames TO CURRENT_USER USING (true);
GRANT SELECT ON access.usernames TO postern_command;
GRANT SELECT, INSERT, UPDATE (released_at) ON access.usernames TO postern_journal_writer;
