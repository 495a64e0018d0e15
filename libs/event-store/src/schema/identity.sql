-- The journal's identity, created once and kept by backups. Readers of events from a broker compare it.
CREATE TABLE journal.identity (
  one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
  id      uuid    NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO journal.identity DEFAULT VALUES;

GRANT SELECT ON journal.identity TO postern_feed, postern_projection, postern_audit;
