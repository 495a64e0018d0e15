-- In which order denials became visible, for streams of live denials: a row for each tenant and transaction, with the keys of the
-- denials. It is kept for some hours, and no part of the read model: a rebuild leaves it as it is. A column of audit.denials with an
-- index would cost every denial more, for ever.
CREATE TABLE audit.denial_arrivals (
  tenant_id     text COLLATE "C" NOT NULL,
  -- Taken under a lock that is held until the commit: its order is the order of the commits.
  arrival       bigint GENERATED ALWAYS AS IDENTITY,
  arrived_at    timestamptz NOT NULL DEFAULT now(),
  smtp_user_ids uuid[] NOT NULL,
  occurred_at   timestamptz[] NOT NULL,
  ids           uuid[] NOT NULL,
  PRIMARY KEY (tenant_id, arrival)
);
-- Random ids do not compress.
ALTER TABLE audit.denial_arrivals ALTER COLUMN smtp_user_ids SET STORAGE EXTERNAL, ALTER COLUMN ids SET STORAGE EXTERNAL;

ALTER TABLE audit.denial_arrivals ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.denial_arrivals FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON audit.denial_arrivals TO postern_audit USING (true);
CREATE POLICY own_tenant ON audit.denial_arrivals FOR SELECT TO postern_audit_reader
  USING (tenant_id = (SELECT current_setting('postern.tenant_id', true)));
-- For backup and restore by an owner who is no superuser.
CREATE POLICY owner ON audit.denial_arrivals TO CURRENT_USER USING (true);
GRANT SELECT, INSERT, DELETE ON audit.denial_arrivals TO postern_audit;
GRANT SELECT ON audit.denial_arrivals TO postern_audit_reader;
GRANT SELECT ON SEQUENCE audit.denial_arrivals_arrival_seq TO postern_audit_reader;
