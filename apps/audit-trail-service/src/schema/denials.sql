GRANT USAGE ON SCHEMA audit TO postern_audit, postern_audit_reader;

-- Denials, one partition per month (UTC). Every list is ordered by (occurred_at, id), which no event changes. A cursor,
-- from and to are positions in it, so a filter by time reads only rows that it returns. The primary key also serves a
-- user's list.
CREATE TABLE audit.denials (
  id           uuid           NOT NULL,
  occurred_at  timestamptz(3) NOT NULL,
  recorded_at  timestamptz(3) NOT NULL,
  position     bigint         NOT NULL, -- the journal's
  smtp_user_id uuid           NOT NULL,
  count        integer        NOT NULL CHECK (count > 0),
  refused      boolean        NOT NULL,
  tenant_id    text COLLATE "C" NOT NULL,
  username     text COLLATE "C" NOT NULL, -- as the relay got it
  ip           text           NOT NULL, -- as reported: canonical, or the relay's text if it is not an address
  address      inet,                    -- NULL if it is not an address
  relay        text COLLATE "C" NOT NULL,
  reason       text COLLATE "C" NOT NULL,
  mode         text           NOT NULL,
  PRIMARY KEY (smtp_user_id, occurred_at, id)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX denials_of_tenant ON audit.denials (tenant_id, occurred_at, id);
CREATE INDEX denials_of_address ON audit.denials (tenant_id, address, occurred_at, id);
-- For filters that match rarely: without these, a page of one relay's denials, or of allowed ones, is searched in all
-- denials of the tenant. The usual values of reason and refused are in no index: a page of them is found at once, and
-- an index would make every denial more expensive.
CREATE INDEX denials_of_relay ON audit.denials (tenant_id, relay, occurred_at, id);
CREATE INDEX denials_of_rare_reason ON audit.denials (tenant_id, reason, occurred_at, id)
  WHERE reason <> 'ip-not-authorized';
CREATE INDEX denials_let_through ON audit.denials (tenant_id, occurred_at, id) WHERE NOT refused;

GRANT SELECT, INSERT ON audit.denials TO postern_audit;

-- Rows of all other months, so that nothing is lost. Nobody has a grant on a partition: access is only through
-- audit.denials and its policies.
CREATE TABLE audit.denials_of_no_month PARTITION OF audit.denials DEFAULT;

-- An SMTP user belongs to one tenant. Without this, PostgreSQL multiplies the odds of both (row-level security always
-- adds the tenant) and expects one row of a user with thousands of denials. Later months get it by LIKE … INCLUDING
-- ALL.
CREATE STATISTICS audit.denials_tenant_id_smtp_user_id_stat (dependencies) ON tenant_id, smtp_user_id FROM audit.denials;
CREATE STATISTICS audit.denials_of_no_month_tenant_id_smtp_user_id_stat (dependencies)
  ON tenant_id, smtp_user_id FROM audit.denials_of_no_month;
