-- The ids of counted batches: a batch that is sent again counts nothing. Kept for two days.
CREATE TABLE logins.batches (
  key_id      text COLLATE "C" NOT NULL,
  batch_id    uuid             NOT NULL,
  received_at timestamptz(3)   NOT NULL DEFAULT now(),
  PRIMARY KEY (key_id, batch_id)
);
CREATE INDEX batches_by_age ON logins.batches (received_at);
GRANT SELECT, INSERT, DELETE ON logins.batches TO postern_logins_writer;
