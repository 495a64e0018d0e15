-- The order in which denials became visible, for live streams: one row per tenant and transaction, with the keys of the
-- denials. Rows are kept for some hours. It is not part of the read model: a rebuild does not change it. A column of
-- audit.denials with an index would make every denial more expensive for ever.
CREATE TABLE audit.denial_arrivals (
  tenant_id     text COLLATE "C" NOT NULL,
  -- Taken under a lock that is held until the commit, so its order is commit order.
  arrival       bigint GENERATED ALWAYS AS IDENTITY,
  arrived_at    timestamptz NOT NULL DEFAULT now(),
  smtp_user_ids uuid[] NOT NULL,
  occurred_at   timestamptz[] NOT NULL,
  ids           uuid[] NOT NULL,
  PRIMARY KEY (tenant_id, arrival)
);
-- Random ids do not compress.
ALTER TABLE audit.denial_arrivals ALTER COLUMN smtp_user_ids SET STORAGE EXTERNAL, ALTER COLUMN ids SET STORAGE EXTERNAL;

GRANT SELECT, INSERT, DELETE ON audit.denial_arrivals TO postern_audit;
GRANT SELECT ON SEQUENCE audit.denial_arrivals_arrival_seq TO postern_audit_reader;
