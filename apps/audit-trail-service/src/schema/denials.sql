GRANT USAGE ON SCHEMA audit TO postern_audit, postern_audit_reader;

-- Denials, a partition for each month (UTC).
-- The order of every list is (occurred_at, id), which no event can change: a cursor is a position in it, and so are from
-- and to, so that no filter by time reads a row that it does not return. The primary key also serves a user's list.
CREATE TABLE audit.denials (
  id           uuid           NOT NULL,
  occurred_at  timestamptz(3) NOT NULL,
  recorded_at  timestamptz(3) NOT NULL,
  position     bigint         NOT NULL, -- the journal's
  smtp_user_id uuid           NOT NULL,
  count        integer        NOT NULL CHECK (count > 0),
  refused      boolean        NOT NULL,
  tenant_id    text COLLATE "C" NOT NULL,
  username     text COLLATE "C" NOT NULL, -- as the relay was given it
  ip           text           NOT NULL, -- as reported: canonical, or what the relay saw where it is no address
  address      inet,                    -- NULL where it is none
  relay        text COLLATE "C" NOT NULL,
  reason       text COLLATE "C" NOT NULL,
  mode         text           NOT NULL,
  PRIMARY KEY (smtp_user_id, occurred_at, id)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX denials_of_tenant ON audit.denials (tenant_id, occurred_at, id);
CREATE INDEX denials_of_address ON audit.denials (tenant_id, address, occurred_at, id);
-- For filters that match rarely: without these, a page of one relay's denials, or of what was let through, is looked for
-- in all denials of the tenant. The usual values of reason and refused are in no index: of them a page is found at once,
-- and an index would cost every denial.
CREATE INDEX denials_of_relay ON audit.denials (tenant_id, relay, occurred_at, id);
CREATE INDEX denials_of_rare_reason ON audit.denials (tenant_id, reason, occurred_at, id)
  WHERE reason <> 'ip-not-authorized';
CREATE INDEX denials_let_through ON audit.denials (tenant_id, occurred_at, id) WHERE NOT refused;

ALTER TABLE audit.denials ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.denials FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON audit.denials TO postern_audit USING (true);
CREATE POLICY own_tenant ON audit.denials FOR SELECT TO postern_audit_reader
  USING (tenant_id = (SELECT current_setting('postern.tenant_id', true)));
-- For backup and restore by an owner who is no superuser.
CREATE POLICY owner ON audit.denials TO CURRENT_USER USING (true);
GRANT SELECT, INSERT ON audit.denials TO postern_audit;
GRANT SELECT ON audit.denials TO postern_audit_reader;

-- For all that has no month, so that nothing is lost. Nobody is granted a partition: it is reached by way of audit.denials
-- and its policies alone.
CREATE TABLE audit.denials_of_no_month PARTITION OF audit.denials DEFAULT;
ALTER TABLE audit.denials_of_no_month ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.denials_of_no_month FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON audit.denials_of_no_month TO CURRENT_USER USING (true);

-- An SMTP user belongs to one tenant. Without this the odds of both are multiplied (row-level security always asks for the
-- tenant too), and of a user with thousands of denials PostgreSQL expects one. Later months get it by LIKE … INCLUDING ALL.
CREATE STATISTICS audit.denials_tenant_id_smtp_user_id_stat (dependencies) ON tenant_id, smtp_user_id FROM audit.denials;
CREATE STATISTICS audit.denials_of_no_month_tenant_id_smtp_user_id_stat (dependencies)
  ON tenant_id, smtp_user_id FROM audit.denials_of_no_month;
