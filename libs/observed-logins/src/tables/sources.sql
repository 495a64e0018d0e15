GRANT USAGE ON SCHEMA logins TO postern_logins_writer, postern_logins_reader, postern_audit_reader;

-- The addresses from which each SMTP user has logged in, one row for each day (UTC).
-- The day comes first in the key: new rows go to the end of the index, and the oldest rows are at its beginning. A query for one user
-- takes a few steps through the index for each day (skip scan).
CREATE TABLE logins.sources (
  smtp_user_id  uuid           NOT NULL,
  logins        bigint         NOT NULL CHECK (logins > 0),
  first_seen_at timestamptz(3) NOT NULL, -- the beginning of an hour
  last_seen_at  timestamptz(3) NOT NULL,
  entry_id      uuid,                    -- the entry that matched last; NULL: none, or the relay did not send it
  day           date           NOT NULL,
  tenant_id     text COLLATE "C" NOT NULL,
  address       inet           NOT NULL,
  relays        text[]         NOT NULL, -- the first ten that reported it
  PRIMARY KEY (day, smtp_user_id, address)
) WITH (fillfactor = 85); -- A row may change every minute. With free space it stays on its page.

GRANT SELECT, INSERT, UPDATE, DELETE ON logins.sources TO postern_logins_writer;

-- For a set of addresses: a multirange finds an address among many ranges by binary search.
CREATE TYPE logins.addresses AS RANGE (SUBTYPE = inet, MULTIRANGE_TYPE_NAME = logins.address_set);
GRANT EXECUTE ON FUNCTION logins.addresses(inet, inet, text) TO postern_logins_reader, postern_audit_reader;
