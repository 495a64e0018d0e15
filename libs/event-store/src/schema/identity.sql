-- What distinguishes this journal from every other: made once, here, and kept by backups. Whoever takes events from a
-- broker compares it.
CREATE TABLE journal.identity (
  one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
  id      uuid    NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO journal.identity DEFAULT VALUES;

GRANT SELECT ON journal.identity TO postern_feed, postern_projection, postern_audit;
