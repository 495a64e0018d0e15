GRANT USAGE ON SCHEMA logins TO postern_logins_writer, postern_logins_reader;

-- The addresses from which each SMTP user has logged in, a row for each day (UTC).
-- The day comes first in the key: what comes in touches the end of the index alone, and the oldest rows are found at once. A user's
-- days are found by a few steps through it each (skip scan).
CREATE TABLE logins.sources (
  smtp_user_id  uuid           NOT NULL,
  logins        bigint         NOT NULL CHECK (logins > 0),
  first_seen_at timestamptz(3) NOT NULL, -- hours
  last_seen_at  timestamptz(3) NOT NULL,
  entry_id      uuid,                    -- that matched last; NULL: none, or the relay did not say
  day           date           NOT NULL,
  tenant_id     text COLLATE "C" NOT NULL,
  address       inet           NOT NULL,
  relays        text[]         NOT NULL, -- the first ones that reported it
  PRIMARY KEY (day, smtp_user_id, address)
) WITH (fillfactor = 85); -- A row is changed up to 24 times, and mostly stays on its page.

ALTER TABLE logins.sources ENABLE ROW LEVEL SECURITY;
ALTER TABLE logins.sources FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON logins.sources TO postern_logins_writer USING (true);
CREATE POLICY own_tenant ON logins.sources FOR SELECT TO postern_logins_reader
  USING (tenant_id = (SELECT current_setting('postern.tenant_id', true)));
-- For backup and restore by an owner who is no superuser.
CREATE POLICY owner ON logins.sources TO CURRENT_USER USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON logins.sources TO postern_logins_writer;
GRANT SELECT ON logins.sources TO postern_logins_reader;
