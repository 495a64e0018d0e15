-- Logins beyond the 10,000 addresses that are kept for an SMTP user and day: only their number. The API returns it as `notKept`.
CREATE TABLE logins.overflow (
  smtp_user_id uuid   NOT NULL,
  logins       bigint NOT NULL CHECK (logins > 0),
  day          date   NOT NULL,
  tenant_id    text COLLATE "C" NOT NULL,
  PRIMARY KEY (day, smtp_user_id)
);

ALTER TABLE logins.overflow ENABLE ROW LEVEL SECURITY;
ALTER TABLE logins.overflow FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON logins.overflow TO postern_logins_writer USING (true);
CREATE POLICY own_tenant ON logins.overflow FOR SELECT TO postern_logins_reader
  USING (tenant_id = (SELECT current_setting('postern.tenant_id', true)));
-- For backup and restore by an owner who is not a superuser.
CREATE POLICY owner ON logins.overflow TO CURRENT_USER USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON logins.overflow TO postern_logins_writer;
GRANT SELECT ON logins.overflow TO postern_logins_reader;
