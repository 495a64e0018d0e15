-- The first answers to requests with an Idempotency-Key, written in the transaction of their events. They are sealed
-- with the caller's API key or session: the text of an issued key must not be readable here, nor one tenant's answer by
-- another.
CREATE TABLE access.idempotency_keys (
  -- An API key or a session.
  caller_id       text COLLATE "C" NOT NULL,
  idempotency_key text COLLATE "C" NOT NULL,
  request_hash    bytea  NOT NULL CHECK (octet_length(request_hash) = 32),
  sealed_answer   bytea  NOT NULL,
  created_at      timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (caller_id, idempotency_key)
);
-- Finds expired answers.
CREATE INDEX idempotency_keys_by_age ON access.idempotency_keys (created_at);

ALTER TABLE access.idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE access.idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON access.idempotency_keys TO postern_journal_writer USING (true);
-- For backup and restore by an owner who is not a superuser.
CREATE POLICY owner ON access.idempotency_keys TO CURRENT_USER USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON access.idempotency_keys TO postern_journal_writer;
