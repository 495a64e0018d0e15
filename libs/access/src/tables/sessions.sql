-- Browsers that signed in with an API key. A session is valid only while its key is.
CREATE TABLE access.sessions (
  id          uuid PRIMARY KEY,
  key_id      text COLLATE "C" NOT NULL REFERENCES access.api_keys,
  secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
  created_at  timestamptz(3) NOT NULL,
  expires_at  timestamptz(3) NOT NULL,
  -- A session cannot be renewed for ever.
  CHECK (expires_at <= created_at + interval '168 hours')
);
-- Finds the oldest of a key that has too many.
CREATE INDEX sessions_of_key ON access.sessions (key_id, created_at DESC, id DESC);
-- Finds expired sessions.
CREATE INDEX sessions_by_end ON access.sessions (expires_at);

ALTER TABLE access.sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE access.sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON access.sessions TO postern_journal_writer, postern_access USING (true);
-- For backup and restore by an owner who is not a superuser.
CREATE POLICY owner ON access.sessions TO CURRENT_USER USING (true);
-- The hash is only for authentication.
GRANT SELECT ON access.sessions TO postern_access;
GRANT UPDATE (expires_at) ON access.sessions TO postern_access;
GRANT SELECT (id, key_id, created_at, expires_at), INSERT, DELETE ON access.sessions TO postern_journal_writer;

-- Codes of one-time sign-in links. The statement that uses a code deletes it, so that only one of two simultaneous uses
-- succeeds.
CREATE TABLE access.sign_in_codes (
  code_hash  bytea PRIMARY KEY CHECK (octet_length(code_hash) = 32),
  key_id     text COLLATE "C" NOT NULL REFERENCES access.api_keys,
  created_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL CHECK (expires_at <= created_at + interval '15 minutes')
);
-- Finds the oldest of a key that has too many.
CREATE INDEX sign_in_codes_of_key ON access.sign_in_codes (key_id, created_at DESC);
-- Finds expired codes.
CREATE INDEX sign_in_codes_by_end ON access.sign_in_codes (expires_at);

ALTER TABLE access.sign_in_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE access.sign_in_codes FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON access.sign_in_codes TO postern_journal_writer, postern_access USING (true);
-- For backup and restore by an owner who is not a superuser.
CREATE POLICY owner ON access.sign_in_codes TO CURRENT_USER USING (true);
-- To check whether a code exists.
GRANT SELECT (code_hash, expires_at) ON access.sign_in_codes TO postern_access;
GRANT SELECT, INSERT, DELETE ON access.sign_in_codes TO postern_journal_writer;
